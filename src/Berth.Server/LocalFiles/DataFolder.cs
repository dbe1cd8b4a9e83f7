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

    /// <summary>Whether the folder holds an installation; an offline command never makes one.</summary>
    public static bool HoldsInstallation(string path) => File.Exists(Hosting.Stores.DatabasePath(path));

    /// <summary>Whether the folder is absent or empty, so that a restore may fill it.</summary>
    public static bool IsVacant(string path) => !Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any();

    /// <summary>Copies the certificates and keys of one data folder into another; what is there is replaced.</summary>
    public static void CopyCertificates(string from, string to)
    {
        var source = Path.Combine(from, "tls");
        if (!Directory.Exists(source)) return;

        var target = Path.Combine(to, "tls");
        Directory.CreateDirectory(target, Private);
        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
    }

    /// <summary>Puts a new snapshot of the rows in the place of the one before, at once.</summary>
    public static void ReplaceDatabase(string snapshot, string data)
    {
        var database = Hosting.Stores.DatabasePath(data);
        foreach (var log in new[] { "-wal", "-shm" }) File.Delete(database + log);
        File.Move(snapshot, database, overwrite: true);
    }
}
