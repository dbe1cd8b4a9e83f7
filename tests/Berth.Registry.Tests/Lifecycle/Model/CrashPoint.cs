using Berth.Oci;
using Berth.Testing;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>
/// Copies what a host keeps as it reaches one of its named steps: that is what kill -9 would leave there. The host goes on, and nobody looks at it any more.
/// </summary>
internal sealed class CrashPoint : ISteps
{
    private string? _folder;
    private int _left;

    /// <summary>What the crash left; null before it.</summary>
    public string? Left { get; private set; }

    /// <summary>Lets the crash come as so many steps were reached.</summary>
    public void Arm(string folder, int steps) => (_folder, Left, _left) = (folder, null, steps);

    /// <summary>Lets it come now, unless it came.</summary>
    /// <returns>Whether it had come before.</returns>
    public bool Strike()
    {
        var isMidway = Left is not null;
        Left ??= Copy(_folder!);
        _folder = null;
        return isMidway;
    }

    /// <inheritdoc/>
    public ValueTask ReachAsync(string point)
    {
        if (_folder is not null && Interlocked.Decrement(ref _left) == 0) Left = Copy(_folder);
        return ValueTask.CompletedTask;
    }

    private static string Copy(string folder)
    {
        var copy = TestFolder.CreateInMemory("berth-survivor-").FullName;
        foreach (var sub in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories)) Directory.CreateDirectory(Path.Combine(copy, Path.GetRelativePath(folder, sub)));

        // The log before the database: it may be moved over meanwhile, and what is in both counts once. The index of the log is made anew.
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).OrderBy(file => file.EndsWith("-wal", StringComparison.Ordinal) ? 0 : 1))
        {
            if (!file.EndsWith("-shm", StringComparison.Ordinal)) TryCopy(file, Path.Combine(copy, Path.GetRelativePath(folder, file)));
        }

        return copy;
    }

    private static void TryCopy(string file, string copy)
    {
        try
        {
            File.Copy(file, copy);
        }
        catch (FileNotFoundException)
        {
            // Bytes that garbage collection removes side by side with the one that stands at the step.
        }
    }
}
