using Microsoft.Extensions.Logging;

namespace Berth.Registry.Artifacts;

internal sealed partial class ArtifactEndpoints
{
    [LoggerMessage(5100, LogLevel.Error, "Answered {Status} to {Method} under /acr/v1 (request {RequestId})")]
    private partial void LogFailed(Exception failure, int status, string method, string requestId);
}
