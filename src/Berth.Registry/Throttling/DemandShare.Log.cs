using Microsoft.Extensions.Logging;

namespace Berth.Registry.Throttling;

internal sealed partial class DemandShare
{
    [LoggerMessage(6301, LogLevel.Warning, "The nodes could not tell one another what is asked of them; the limits a minute stay shared out among them as they are until they can")]
    private partial void LogNotTold(Exception e);
}
