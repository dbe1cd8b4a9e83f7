namespace Berth.Testing;

/// <summary>Folders for what a test leaves behind.</summary>
public static class TestFolder
{
    private const string Memory = "/dev/shm";

    /// <summary>
    /// Makes an empty folder in memory where the system has such a place, else among the temporary files: for tests that are not about a disk, and would wait for
    /// its syncs most of their time.
    /// </summary>
    public static DirectoryInfo CreateInMemory(string prefix) =>
        Directory.CreateDirectory(Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"{prefix}{Guid.CreateVersion7():N}"));
}
