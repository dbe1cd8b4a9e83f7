using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Postgres.Engine;

internal sealed partial class SessionGroup
{
    [LoggerMessage(3101, LogLevel.Error, "The metadata database cannot be reached for {Kind}: {Reason}; operations are refused and connecting is tried again")]
    private partial void LogNotConnected(string kind, string reason);

    [LoggerMessage(3102, LogLevel.Information, "The metadata database is reached again for {Kind}")]
    private partial void LogConnectedAgain(string kind);
}
