using Berth.EndToEnd.Faults.Crash;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>
/// Three nodes on one database and one object store, of which one after the other is killed under load and started again: what was acknowledged is there at every node, nothing is half there,
/// and uploads go on at other nodes.
/// </summary>
public sealed class NodeKillTests : IAsyncLifetime
{
    private const int Workers = 5;
    private const int RoundsOfSeries = 10;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["BERTH_Distribution__StallLimit"] = "00:00:03",
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
    };

    private BalancedNodes? _group;

    private BalancedNodes Group => _group ?? throw new InvalidOperationException("There are no nodes yet.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _group = await BalancedNodes.StartAsync(3, nameof(NodeKillTests), Settings);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_group is null) return;
        if (TestContext.Current.TestState?.Result == TestResult.Failed) _group.KeepLogs();
        await _group.DisposeAsync();
    }

    [Fact]
    public async Task Every_acknowledged_change_outlives_the_deaths_of_nodes_at_every_other_node()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var refusals = new Refusals(connectionsMayBreak: true);
        var upload = new ResumedUpload(Group.Client, "kills/resumed", seed, refusals);
        var series = new List<CrashSeries>();
        var rounds = TestRun.IsLong ? 100 : 3;
        for (var round = 0; round < rounds; round++)
        {
            if (round % RoundsOfSeries == 0) series.Add(new CrashSeries(Group.Client, $"kills/s{series.Count}"));
            await LoadAndKillAsync(series[^1], upload, refusals, random);
            await series[^1].CheckAsync(all: false, $"round {round}, seed {seed}");
            await upload.CheckAsync();
        }

        foreach (var each in series) await each.CheckAsync(all: true, $"at the end, seed {seed}");
        await upload.CompleteAsync();
        var acknowledged = series.Sum(s => s.Acknowledged);
        TestContext.Current.SendDiagnosticMessage($"{acknowledged} changes acknowledged, {refusals.Count} in doubt, {upload.Finished} uploads, resumed {upload.Resumed} times");
        Assert.True(acknowledged > rounds * 10, $"only {acknowledged} changes were acknowledged");
        Assert.NotEqual(0, upload.Resumed);

        // As its operator would look: with all nodes down, every row and every byte.
        foreach (var node in Group.Nodes) Assert.Equal(0, await node.StopAsync(TimeSpan.FromSeconds(40)));
        (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Group.Nodes[0].Data], Group.Nodes[0].Data, Group.Stores.NodeSettings())).Succeeded();
    }

    private async Task LoadAndKillAsync(CrashSeries series, ResumedUpload upload, Refusals refusals, Random random)
    {
        using var over = new CancellationTokenSource();
        var seeds = Enumerable.Range(0, Workers).Select(_ => random.Next()).ToList();
        var work = seeds.Select((seed, i) => series.WorkAsync($"w{i}", seed, over.Token, refusals)).Append(upload.RunAsync(over.Token)).ToList();
        var victims = Enumerable.Range(0, Group.Nodes.Count).OrderBy(_ => random.Next()).Take(2).Select(i => Group.Nodes[i]).ToList();
        foreach (var victim in victims)
        {
            // Two may be gone at once; the third serves alone then.
            await Task.WhenAny([Task.Delay(TimeSpan.FromSeconds(0.3 + random.NextDouble())), .. work]);
            await victim.KillAsync();
        }

        await Task.WhenAny([Task.Delay(TimeSpan.FromSeconds(random.NextDouble())), .. work]);
        await Task.WhenAll(victims.Select(victim => victim.StartAsync(StartLimit)));
        await Task.WhenAny([Task.Delay(TimeSpan.FromSeconds(0.5)), .. work]);
        await over.CancelAsync();
        await Task.WhenAll(work);
    }
}
