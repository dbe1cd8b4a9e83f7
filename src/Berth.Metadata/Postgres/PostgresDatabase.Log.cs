using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Postgres;

internal sealed partial class PostgresDatabase
{
    [LoggerMessage(3100, LogLevel.Information, "The metadata database is open; migrations applied now: {Migrations}")]
    private static partial void LogOpened(ILogger logger, int migrations);

    [LoggerMessage(3103, LogLevel.Error, "This node's clock is off from the metadata database's by {Offset}, more than five minutes; the node is not ready until it is set right")]
    private static partial void LogClockOff(ILogger logger, TimeSpan offset);

    [LoggerMessage(3104, LogLevel.Error, "A round of work on the metadata database failed; it is tried again")]
    private static partial void LogRoundFailed(ILogger logger, Exception error);

    [LoggerMessage(3107, LogLevel.Warning, "The time that this node goes by moved by {Jump} to that of the metadata database: its clock was set, or it is another server now")]
    private static partial void LogTimeJumped(ILogger logger, TimeSpan jump);
}
