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
}
