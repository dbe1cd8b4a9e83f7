using System.Runtime.InteropServices;

namespace Berth.Storage.FileSystem.Operations;

/// <summary>The operating system refused an operation; carries its error number.</summary>
internal sealed class FileOperationException : IOException
{
    public FileOperationException(string operation, string? path, int errno)
        : base($"{operation}{(path is null ? "" : $" '{path}'")}: {Marshal.GetPInvokeErrorMessage(errno)}")
    {
        Errno = errno;
        HResult = errno;
    }

    /// <summary>The error number; see <see cref="FileSystem.Operations.Errno"/>.</summary>
    public int Errno { get; }

    /// <summary>Whether the volume or the owner's quota is used up, or the file is longer than the file system or a limit allows.</summary>
    public bool IsFull => Errno is Operations.Errno.NoSpace or Operations.Errno.Quota or Operations.Errno.FileTooBig;

    /// <summary>Whether the path is absent.</summary>
    public bool IsAbsent => Errno == Operations.Errno.NoEntry;
}

/// <summary>The error numbers that are told apart, as Linux has them on every architecture .NET runs on.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int Io = 5;
    public const int Again = 11;
    public const int Access = 13;
    public const int Exists = 17;
    public const int Invalid = 22;
    public const int FileTooBig = 27;
    public const int NoSpace = 28;
    public const int IllegalSeek = 29;
    public const int NoSystemCall = 38;
    public const int NotSupported = 95;
    public const int Stale = 116;
    public const int Quota = 122;
}
