using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite;

internal sealed partial class SqliteDatabase
{
    [LoggerMessage(3000, LogLevel.Information, "Metadata database {Path} is open; migrations applied now: {Migrations}")]
    private static partial void LogOpened(ILogger logger, string path, string migrations);

    [LoggerMessage(3004, LogLevel.Error, "The reserve of a full volume could not be released; checkpoints of the metadata wait for room")]
    private static partial void LogReserveNotReleased(ILogger logger, Exception error);

    [LoggerMessage(3005, LogLevel.Error, "{Read} took longer than {Limit} to read the metadata and was ended; its caller was told to try again")]
    private static partial void LogReadEnded(ILogger logger, string read, TimeSpan limit);
}
