using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>Makes the database's own files durable where SQLite does not: a new file's entry in its folder, and a finished copy.</summary>
internal static partial class DurableFiles
{
    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC on Linux, x64
    private const int ReadOnlyDirectoryArm = 0x4000 | 0x80000;

    /// <summary>Syncs a file's bytes.</summary>
    public static void SyncFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Syncs a folder's entries.</summary>
    /// <exception cref="IOException">The system reports that it failed.</exception>
    public static void SyncDirectory(string path)
    {
        if (!OperatingSystem.IsLinux()) return;

        var flags = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? ReadOnlyDirectoryArm : ReadOnlyDirectory;
        var descriptor = Open(path, flags);
        if (descriptor < 0) throw Failure($"The folder '{path}' could not be opened to be synced");
        try
        {
            if (Sync(descriptor) != 0) throw Failure($"The folder '{path}' could not be synced");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
