using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Workloads;

internal sealed partial class WorkloadEndpoints
{
    [LoggerMessage(6200, LogLevel.Error, "Answered {Status} to {Method} under /berth/v1/workloads (request {RequestId})")]
    private partial void LogFailed(Exception failure, int status, string method, string requestId);
}
