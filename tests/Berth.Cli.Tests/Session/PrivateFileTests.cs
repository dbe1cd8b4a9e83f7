using System.Diagnostics;
using Berth.Cli.Session;

namespace Berth.Cli.Tests.Session;

/// <summary>What keeps the client's files from being written.</summary>
[Collection(nameof(ProcessWideCollection))]
public sealed class PrivateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("berth-private-").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable("BERTH_CONFIG_DIR");

    public PrivateFileTests() => Environment.SetEnvironmentVariable("BERTH_CONFIG_DIR", _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("BERTH_CONFIG_DIR", _before);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_failure_that_is_no_lock_of_another_is_told_at_once_with_its_cause()
    {
        // As with a full disk, the file cannot be opened, and nobody holds it.
        File.CreateSymbolicLink(Path.Combine(_folder, "lock"), Path.Combine(_folder, "lock"));
        var started = Stopwatch.GetTimestamp();

        var failure = await Assert.ThrowsAsync<ClientException>(() => PrivateFile.LockAsync(TestContext.Current.CancellationToken));

        Assert.Contains("cannot be written to", failure.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Whoever_comes_while_another_holds_the_lock_waits_for_it()
    {
        var first = await PrivateFile.LockAsync(TestContext.Current.CancellationToken);
        var second = PrivateFile.LockAsync(TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        first.Dispose();

        (await second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Dispose();
    }
}
