using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite.Engine;

internal sealed partial class Checkpointer
{
    [LoggerMessage(3003, LogLevel.Warning, "The write-ahead log of the metadata could not be moved into the database; it is tried again")]
    private partial void LogCheckpointFailed(Exception error);
}
