using Microsoft.Extensions.Logging;

namespace Berth.Registry.Throttling;

internal sealed partial class RequestLimiter
{
    [LoggerMessage(6300, LogLevel.Warning, "Answered 429: more requests of the class {Class} than its limit allows came to registry '{Registry}'; {Count} since the last such line")]
    private partial void LogRefused(string @class, string registry, long count);
}
