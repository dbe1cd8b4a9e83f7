using System.Net;

namespace Berth.Server.Hosting;

internal sealed partial class ConnectionLimit
{
    [LoggerMessage(EventIds.ConnectionRefused, LogLevel.Warning, "Closed a connection from {Address}, which has {Most} open; {Count} were closed so, from any address, since the last such line")]
    private partial void LogRefused(IPAddress address, long most, long count);
}
