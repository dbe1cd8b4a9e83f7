using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite.Engine;

internal sealed partial class GroupWriter
{
    [LoggerMessage(3001, LogLevel.Critical, "The metadata database can no longer be trusted; no change is taken any more and the process must stop")]
    private partial void LogFaulted(Exception error);

    [LoggerMessage(3002, LogLevel.Warning, "A group of {Members} metadata changes was rolled back; its members are tried one by one or refused")]
    private partial void LogGroupFailed(int members, Exception error);
}
