using Microsoft.Extensions.Logging;

namespace Berth.Registry.Artifacts;

internal sealed partial class ManifestDescriber
{
    [LoggerMessage(5101, LogLevel.Warning, "The config {Digest} of an image in {Repository} cannot be read; the list leaves out what it says")]
    private partial void LogUnreadable(Exception failure, string digest, string repository);

    [LoggerMessage(5102, LogLevel.Warning, "What {Count} manifests say could not be kept; the next list reads them again")]
    private partial void LogNotKept(Exception failure, int count);
}
