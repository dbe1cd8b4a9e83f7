using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Usage;

internal sealed partial class UsageDoor
{
    [LoggerMessage(6263, LogLevel.Error, "Answered {Status} to {Method} about usage or quotas (request {RequestId})")]
    private partial void LogFailed(Exception failure, int status, string method, string requestId);
}
