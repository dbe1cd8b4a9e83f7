using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Distribution;

internal sealed partial class DistributionEndpoints
{
    [LoggerMessage(5001, LogLevel.Debug, "The client went away during {Method} (request {RequestId})")]
    private partial void LogClientWentAway(string method, string requestId);

    [LoggerMessage(5002, LogLevel.Error, "Answered {Status} to {Method} (request {RequestId})")]
    private partial void LogFailed(Exception failure, int status, string method, string requestId);
}

internal sealed partial class DamageReport
{
    [LoggerMessage(5010, LogLevel.Critical, "Blob {Digest} is damaged: its bytes at {Location} are missing. It is answered as absent until a push brings it again")]
    private partial void LogDamaged(Digest digest, string location);

    [LoggerMessage(5011, LogLevel.Critical, "More than {Limit} blobs were found missing within a minute: none is marked damaged any more. Check the blob store's volume")]
    private partial void LogTooManyMisses(int limit);
}
