using System.Runtime.InteropServices;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>A file that is locked as a whole with flock(2). The kernel lets go when the process ends, however it ends.</summary>
internal static class FileLock
{
    private const int FileMode = 0b110_100_000;

    /// <summary>Opens the file, made when it is not there, for reading and writing.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be opened.</exception>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = Libc.Open(path, Libc.ReadWrite | Libc.CreateFlag | Libc.NoFollow | Libc.CloseOnExec, FileMode);
        if (descriptor < 0) throw StorageErrors.Translate(new FileOperationException("open", path, Marshal.GetLastPInvokeError()));
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Locks the open file without waiting; false when another holds it in a way that excludes this one.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be locked at all.</exception>
    public static bool TryLock(SafeFileHandle file, bool exclusive)
    {
        while (Libc.FLock(file, (exclusive ? Libc.LockExclusive : Libc.LockShared) | Libc.LockNow) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.Again) return false;
            if (errno != Errno.Interrupted) throw StorageErrors.Translate(new FileOperationException("flock", null, errno));
        }

        return true;
    }
}
