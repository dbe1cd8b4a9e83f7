using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

internal sealed partial class QuotaRefusals
{
    [LoggerMessage(6260, LogLevel.Information, "A push was refused: the quota of {Whose} in {Registry} is {Limit} bytes, {Used} are used, {Reserved} are reserved, and {Wanted} more were needed")]
    private partial void LogRefused(string whose, string registry, long limit, long used, long reserved, long wanted);
}

internal sealed partial class UsageWatch
{
    [LoggerMessage(6261, LogLevel.Warning, "The soft limit of {Whose} in {Registry}, {Limit} bytes, was passed at {At}; {Bytes} bytes are held now")]
    private partial void LogSoftLimitPassed(string whose, string registry, long? limit, long bytes, DateTimeOffset at);

    [LoggerMessage(6262, LogLevel.Error, "A look at the usage failed; the next one makes up for it")]
    private partial void LogLookFailed(Exception e);
}
