using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

public sealed partial class GarbageCollector
{
    [LoggerMessage(6000, LogLevel.Error, "A round of garbage collection failed; what is due stays due")]
    private partial void LogSweepFailed(Exception e);

    [LoggerMessage(6001, LogLevel.Information, "{Count} upload sessions expired")]
    private partial void LogUploadsExpired(int count);

    [LoggerMessage(6002, LogLevel.Warning, "Deletion is suspended until {Until}: the clock stepped, or this is a restored copy")]
    private partial void LogSuspended(DateTimeOffset until);

    [LoggerMessage(6003, LogLevel.Information, "Garbage collection looked at {Reviewed} memberships, ended {Ended}, and discarded {Blobs} blobs of {Bytes} bytes")]
    private partial void LogReviewed(int reviewed, int ended, int blobs, long bytes);

    [LoggerMessage(6004, LogLevel.Information, "A backup is copying: the bytes of at least {Count} discarded locations wait")]
    private partial void LogHeldByBackup(int count);

    [LoggerMessage(6005, LogLevel.Warning, "The bytes of {Count} discarded locations could not be removed; the next round tries again")]
    private partial void LogNotRemoved(Exception e, int count);
}

public sealed partial class DeletionPolicies
{
    [LoggerMessage(6030, LogLevel.Information, "{Count} manifests were deleted that no tag had named for as long as their registries have it; {PutOff} are looked at again later")]
    private partial void LogUntaggedDeleted(int count, int putOff);

    [LoggerMessage(6031, LogLevel.Information, "{Manifests} deleted manifests were deleted for good and {Tags} deleted tags forgotten: their time was over")]
    private partial void LogExpired(int manifests, int tags);

    [LoggerMessage(6032, LogLevel.Information, "{Count} referrers were deleted whose subject did not come in time; {PutOff} are looked at again later")]
    private partial void LogReferrersExpired(int count, int putOff);
}

public sealed partial class RegistryPurge
{
    [LoggerMessage(6020, LogLevel.Information, "What the deleted registry of row {Registry} held was deleted for good")]
    private partial void LogPurged(long registry);
}

internal sealed partial class Scrubber
{
    [LoggerMessage(6010, LogLevel.Error, "A scrub pass ended early; the next one goes on")]
    private partial void LogScrubFailed(Exception e);

    [LoggerMessage(6011, LogLevel.Critical, "Blob {Digest} is damaged: its bytes at {Location} have another digest. It is answered as absent until a push brings it again")]
    private partial void LogWrongBytes(Digest digest, string location);

    [LoggerMessage(6012, LogLevel.Debug, "Blob {Digest} was not at {Location} any more when the scrubber came")]
    private partial void LogNotFound(Digest digest, string location);

    [LoggerMessage(6013, LogLevel.Critical, "Manifest {Digest} of {Registry}/{Repository} is damaged: its bytes have another digest. It is answered as absent until a push brings it again")]
    private partial void LogWrongManifest(Digest digest, string registry, string repository);
}
