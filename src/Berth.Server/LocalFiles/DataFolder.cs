using Berth.Server.Hosting;
using Berth.Storage.FileSystem;

namespace Berth.Server.LocalFiles;

/// <summary>The data folder itself. What is in it belongs to the stores; that it is there, and closed to others, is the host's to see to.</summary>
internal static class DataFolder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder and its <c>metadata</c> where they are missing; the blob store, opened next, makes the folder's own entry durable.</summary>
    /// <exception cref="IOException">They cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be made.</exception>
    public static void Ensure(string path)
    {
        if (Path.GetDirectoryName(path) is { } parent)
            DurableDirectory.Create(parent);
        Directory.CreateDirectory(path, Private);
        DurableDirectory.Create(Path.Combine(path, "metadata"));
    }

    /// <summary>The database in the making of a backup into the folder: while the backup is at work, and after one that was ended.</summary>
    public static string BackupDraft(string path) => Path.Combine(path, "metadata", "unfinished-backup.db");

    /// <summary>The database in the making of a restore into the folder.</summary>
    public static string RestoreDraft(string path) => Path.Combine(path, "metadata", "unfinished-restore.db");

    /// <summary>The rows that a preparing migration goes by, while it is at work.</summary>
    public static string MigrationDraft(string path) => Path.Combine(path, "metadata", "migration.db");

    /// <summary>Whether the folder has a blob store of its own.</summary>
    public static bool HoldsBlobs(string path) => File.Exists(Path.Combine(Stores.BlobRoot(path), "identity"));

    /// <summary>Whether the folder holds an installation; an offline command never makes one.</summary>
    public static bool HoldsInstallation(string path) => File.Exists(Stores.DatabasePath(path));

    /// <summary>
    /// Why the folder is neither an installation nor a place for a new one: a restore or a first backup into it was ended, and what it left
    /// must not become part of anything else. Null when there is no such thing. An update that was ended leaves the backup before it.
    /// </summary>
    public static string? Unfinished(string path)
    {
        if (HoldsInstallation(path)) return null;
        if (File.Exists(RestoreDraft(path)))
            return $"{path} holds a restore that is not finished: run ./berth restore --from BACKUP --data {path} again, or remove the folder.";
        return File.Exists(BackupDraft(path))
            ? $"{path} holds a first backup that is not finished: run ./berth backup --data DATA --to {path} again, or remove the folder."
            : null;
    }

    /// <summary>Returns when the folder holds an installation.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="absent">What to say when there is nothing in it.</param>
    /// <exception cref="CannotStartException">It holds none.</exception>
    public static void RequireInstallation(string path, string absent)
    {
        if (!HoldsInstallation(path)) throw new CannotStartException(Unfinished(path) ?? absent);
    }

    /// <summary>Whether the folder is absent or holds nothing but what a command leaves that was ended before it began: locks, an empty folder.</summary>
    public static bool IsVacant(string path) => !Directory.Exists(path) || Directory.EnumerateFileSystemEntries(path).All(entry => Path.GetFileName(entry) switch
    {
        "lock" or "backup.lock" => true,
        "metadata" => Directory.Exists(entry) && !Directory.EnumerateFileSystemEntries(entry).Any(),
        _ => false,
    });
}
