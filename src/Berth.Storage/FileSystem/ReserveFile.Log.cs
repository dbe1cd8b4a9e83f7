using Microsoft.Extensions.Logging;

namespace Berth.Storage.FileSystem;

public sealed partial class ReserveFile
{
    [LoggerMessage(2001, LogLevel.Warning, "The reserve {Path} ({Bytes} bytes) was given free, pushes stop until there is room for it again: {Reason}")]
    private partial void LogReleased(string path, long bytes, string reason);

    [LoggerMessage(2002, LogLevel.Information, "The reserve {Path} ({Size}) is in place")]
    private partial void LogHeld(string path, string size);

    [LoggerMessage(2003, LogLevel.Warning, "The volume has no room for the reserve {Path} ({Bytes} bytes): pushes are refused until there is")]
    private partial void LogNotHeld(string path, long bytes);
}
