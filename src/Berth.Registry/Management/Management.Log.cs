using Microsoft.Extensions.Logging;

namespace Berth.Registry.Management;

internal sealed partial class ManagementEndpoints
{
    [LoggerMessage(6050, LogLevel.Error, "The control plane answered {Status} to {Method} of route {Route}; request id {RequestId}")]
    private partial void LogFailed(Exception e, int status, string method, string route, string requestId);

    [LoggerMessage(6051, LogLevel.Information, "'{Name}' may not perform '{Action}' on the control plane")]
    private partial void LogDenied(string name, string action);
}
