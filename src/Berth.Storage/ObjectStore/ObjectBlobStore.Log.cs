using Microsoft.Extensions.Logging;

namespace Berth.Storage.ObjectStore;

public sealed partial class ObjectBlobStore
{
    [LoggerMessage(2100, LogLevel.Information, "The blob store is open: {Place}")]
    private static partial void LogOpened(ILogger logger, string place);

    [LoggerMessage(2103, LogLevel.Error, "The store's identity is absent or another installation's: nothing is taken for missing")]
    private static partial void LogIdentityLost(ILogger logger, Exception failure);

    [LoggerMessage(2104, LogLevel.Warning, "The object {Key}, of no more use, was not removed; it goes with its blob")]
    internal static partial void LogLeftover(ILogger logger, Exception failure, string key);

    [LoggerMessage(2105, LogLevel.Information, "Whether this request finished {Location} is in doubt; as many bytes stand there: {Matches} ({Reason})")]
    internal static partial void LogInDoubt(ILogger logger, string location, bool matches, string reason);
}
