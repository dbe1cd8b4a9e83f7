using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>Three nodes on one database and one object store, of which one that holds jobs is killed and one stands still: others take the jobs over.</summary>
public sealed class NodeTakeoverTests : IAsyncLifetime
{
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
    public async ValueTask InitializeAsync() => _group = await BalancedNodes.StartAsync(3, nameof(NodeTakeoverTests), Settings);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_group is null) return;
        if (TestContext.Current.TestState?.Result == TestResult.Failed) _group.KeepLogs();
        await _group.DisposeAsync();
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

        // What registries hold is told by the node that looks, and no longer by those that did.
        await EventuallyAsync(async () => (await MetricsAsync()).Count(metrics => metrics.Contains("\nberth_usage_size_bytes{", StringComparison.Ordinal)) == 1);
        Assert.All(await MetricsAsync(), metrics => Assert.Contains("\nberth_metadata_commit_duration_seconds_count", metrics, StringComparison.Ordinal));
    }

    private async Task<IReadOnlyList<string>> MetricsAsync()
    {
        List<string> metrics = [];
        foreach (var node in Group.Nodes)
        {
            using var client = new HttpClient { BaseAddress = node.Endpoint.Address };
            metrics.Add(await client.GetStringAsync("/metrics"));
        }

        return metrics;
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
