using System.Diagnostics;
using Berth.EndToEnd.Faults.Crash;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>
/// Three nodes on one database and one object store, of which one after the other is killed under load and started again: what was acknowledged is there at every node, nothing is half there,
/// uploads go on at other nodes, and jobs are taken over.
/// </summary>
public sealed class NodeKillTests : IAsyncLifetime
{
    private const int Workers = 5;
    private const int RoundsOfSeries = 10;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    // A lease lasts for thirty seconds after it was renewed last.
    private static readonly TimeSpan Takeover = TimeSpan.FromSeconds(45);

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

    [Fact]
    public async Task The_jobs_of_a_killed_node_are_taken_over_under_a_higher_fence_and_those_of_one_that_stood_still_write_nothing_more()
    {
        var before = await HeldAsync();
        var killed = await HolderAsync(before["garbage-collection"].Holder);
        await killed.KillAsync();

        var clock = Stopwatch.StartNew();
        var after = await TakenOverAsync(before);
        Assert.True(clock.Elapsed < Takeover, $"It took {clock.Elapsed}.");
        TestContext.Current.SendDiagnosticMessage($"taken over after {clock.Elapsed.TotalSeconds:0.0} s, fence {before["garbage-collection"].Fence} -> {after["garbage-collection"].Fence}");
        Assert.True(after["garbage-collection"].Fence > before["garbage-collection"].Fence);
        await Group.Client.PushImageAsync("kills/after", "latest");

        // Now one stands still in the middle of whatever it does, as a machine does that is suspended.
        var still = await HolderAsync(after["garbage-collection"].Holder);
        await SignalAsync(still, "STOP");
        await killed.StartAsync(StartLimit);
        var third = await TakenOverAsync(after);
        Assert.True(third["garbage-collection"].Fence > after["garbage-collection"].Fence);
        await SignalAsync(still, "CONT");

        // It finds out that it is not the one any more, and serves as before.
        using var client = new RegistryClient(still.Endpoint);
        await EventuallyAsync(async () => (await client.GetAsync("/healthz/ready")).Status == 200);
        (await client.GetManifestAsync("kills/after", "latest")).Expect(200);
        var now = await HeldAsync();
        Assert.Equal(third["garbage-collection"], now["garbage-collection"]);
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

    private async Task<IReadOnlyDictionary<string, (string Holder, long Fence)>> HeldAsync()
    {
        IReadOnlyDictionary<string, (string Holder, long Fence)> held = new Dictionary<string, (string, long)>();
        await EventuallyAsync(async () => (held = await Group.Stores.ListLeasesAsync()).ContainsKey("garbage-collection"));
        return held;
    }

    private async Task<IReadOnlyDictionary<string, (string Holder, long Fence)>> TakenOverAsync(IReadOnlyDictionary<string, (string Holder, long Fence)> before)
    {
        var (holder, _) = before["garbage-collection"];
        var now = before;
        await EventuallyAsync(async () => (now = await Group.Stores.ListLeasesAsync()).All(lease => lease.Value.Holder != holder || lease.Key is not ("garbage-collection" or "lifecycle-schedule")));
        return now;
    }

    // By what each node says of itself.
    private async Task<ServerProcess> HolderAsync(string holder)
    {
        foreach (var node in Group.Nodes.Where(node => node.IsRunning))
        {
            using var control = await ControlClient.SignInAsync(node.Endpoint.Address, node.Endpoint.User, node.Endpoint.Password);
            if (await control.NodeIdAsync() == holder) return node;
        }

        throw new InvalidOperationException($"No node is {holder}.");
    }

    private static async Task SignalAsync(ServerProcess node, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{node.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < Takeover, "It does not come to hold.");
            await Task.Delay(100);
        }
    }
}
