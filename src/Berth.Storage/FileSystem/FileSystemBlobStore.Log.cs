using Microsoft.Extensions.Logging;

namespace Berth.Storage.FileSystem;

public sealed partial class FileSystemBlobStore
{
    [LoggerMessage(2000, LogLevel.Information, "The blob store at {Root} is open; its reserve is {Reserve}")]
    private static partial void LogOpened(ILogger logger, string root, string reserve);

    [LoggerMessage(2004, LogLevel.Error, "Making {Position} bytes at {Location} durable failed; the upload goes back to what was synced before")]
    internal static partial void LogSyncFailed(ILogger logger, Exception failure, string location, long position);

    [LoggerMessage(2005, LogLevel.Warning, "Bytes at {Location} that nothing was promised about could not be written")]
    internal static partial void LogWritebackFailed(ILogger logger, Exception failure, string location);

    [LoggerMessage(2006, LogLevel.Error, "The store's identity is absent or another installation's: nothing is taken for missing, and nothing is taken in")]
    internal static partial void LogIdentityLost(ILogger logger, Exception failure);

    [LoggerMessage(2007, LogLevel.Debug, "The file {Name} in {Folder} is none of the store's")]
    private static partial void LogStrayFile(ILogger logger, string folder, string name);
}
