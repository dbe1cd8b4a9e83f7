using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>Makes folders, and changes in them, that are still there after a loss of power.</summary>
public static class DurableDirectory
{
    /// <summary>Makes a folder with all folders above it that are not there, each with its entry made durable.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Create(string path) => Create(PosixFileOperations.Instance, path);

    /// <summary>Makes a folder's entries durable: what was made, renamed and removed in it.</summary>
    /// <exception cref="StorageUnavailableException">The system reports that it failed.</exception>
    public static void Sync(string path)
    {
        try
        {
            PosixFileOperations.Instance.SyncDirectory(path);
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
    }

    internal static void Create(IFileOperations files, string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent) return;

        if (!TryMake(files, full, out var made))
        {
            Create(files, parent);
            made = files.MakeDirectory(full);
        }

        if (made) files.SyncDirectory(parent);
    }

    /// <summary>
    /// Makes durable the entries that lead to a folder: its own, its parent's and that one's, whoever made them and however far an earlier
    /// process came with it.
    /// </summary>
    internal static void SyncUp(IFileOperations files, string path, int levels)
    {
        var folder = Path.GetFullPath(path);
        for (var level = 0; level < levels && folder is not null; level++, folder = Path.GetDirectoryName(folder))
        {
            try
            {
                files.SyncDirectory(folder);
            }
            catch (FileOperationException e) when (level > 0 && e.Errno == Errno.Access)
            {
                // A folder that may be passed but not read is not one that this process could have made an entry in.
                return;
            }
        }
    }

    private static bool TryMake(IFileOperations files, string path, out bool made)
    {
        try
        {
            made = files.MakeDirectory(path);
            return true;
        }
        catch (FileOperationException e) when (e.IsAbsent)
        {
            made = false;
            return false;
        }
    }
}
