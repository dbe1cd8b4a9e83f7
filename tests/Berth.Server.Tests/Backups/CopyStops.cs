using Berth.Oci;

namespace Berth.Server.Tests.Backups;

/// <summary>
/// At each point that a copy reaches, keeps a copy of its target as it is then: the files as a kill at that point would leave them, because what
/// a process has written is in its files whether it lives on or not.
/// </summary>
internal sealed class Moments(string target, string into) : ISteps
{
    private readonly List<(string Point, string Folder)> _all = [];

    public IReadOnlyList<(string Point, string Folder)> All => _all;

    public ValueTask ReachAsync(string point)
    {
        var folder = Path.Combine(into, $"{_all.Count:d3}-{point}");
        Copy(target, folder);
        _all.Add((point, folder));
        return ValueTask.CompletedTask;
    }

    // A database before its log, by their names: a checkpoint in between is one that the log repeats.
    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from).Order(StringComparer.Ordinal))
        {
            // Whoever opens a lock asks for it, and the copy at work has it.
            if (Path.GetFileName(file).EndsWith("lock", StringComparison.Ordinal)) File.Create(Path.Combine(to, Path.GetFileName(file))).Dispose();
            else File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}

/// <summary>Holds a copy at one point until the test lets it go on.</summary>
internal sealed class Pause(string at) : ISteps
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask ReachAsync(string point)
    {
        if (point != at || !_reached.TrySetResult()) return;
        await _go.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Returns when the copy stands at the point; fails with the copy when that ends before.</summary>
    public async Task ReachedBy(Task copy)
    {
        if (await Task.WhenAny(copy, _reached.Task).WaitAsync(TimeSpan.FromSeconds(60)) == copy) await copy;
        Assert.True(_reached.Task.IsCompleted, "The copy ended without a stop.");
    }

    public void GoOn() => _go.SetResult();
}
