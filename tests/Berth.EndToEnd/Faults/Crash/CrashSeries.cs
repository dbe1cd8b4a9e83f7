using Berth.Testing;

namespace Berth.EndToEnd.Faults.Crash;

/// <summary>Some rounds of load and kill in repositories of their own, with what was acknowledged in them.</summary>
internal sealed class CrashSeries(RegistryClient client, string repository)
{
    private readonly Expectations _expectations = new();
    private readonly string[] _repositories = [repository, $"{repository}/a", $"{repository}/a/b", $"{repository}-a"];

    /// <summary>How many changes were acknowledged.</summary>
    public int Acknowledged => _expectations.Acknowledged;

    /// <summary>One client's changes, one after the other, until the server is killed.</summary>
    public Task WorkAsync(string name, int seed, CancellationToken killed, Refusals? refusals = null) =>
        new CrashWorker(client, _expectations, name, seed, _repositories, refusals).RunAsync(killed);

    /// <summary>Fails when anything is other than acknowledged; looks at all blobs, or at those of this round.</summary>
    public async Task CheckAsync(bool all, string when)
    {
        var faults = await new CrashCheck(client, _expectations, _repositories).RunAsync(all);
        Assert.True(faults.Count == 0, $"{repository}, {when}: {faults.Count} faults\n{string.Join('\n', faults.Take(20))}");
    }
}
