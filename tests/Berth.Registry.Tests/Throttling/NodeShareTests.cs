using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Registry.Throttling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>
/// Processes that serve the same registries and share a limit by what is asked of each, told one another once a second, each at a moment of its own: together they stay within a tenth of it,
/// wherever the requests come in.
/// </summary>
public sealed class NodeShareTests
{
    private const int PerMinute = 6_000;
    private const int StepsPerSecond = 20;

    private static readonly LimitKey Key = new(LimitClass.Read, 1);
    private static readonly RateLimitOptions Options = new() { Read = new ClassLimitOptions { Total = PerMinute } };

    private readonly FakeTimeProvider _time = new();
    private readonly Table _table = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public Task Together_they_hold_the_limit_when_all_are_asked_alike(int nodes) => HoldAsync(nodes, (node, _) => 5.0 / nodes);

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public Task Together_they_hold_it_when_one_is_asked_for_nearly_everything(int nodes) => HoldAsync(nodes, (node, _) => node == 0 ? 5 : 0.01);

    [Fact]
    public Task Together_they_hold_it_when_all_requests_come_in_at_one() => HoldAsync(4, (node, _) => node == 2 ? 3 : 0);

    [Fact]
    public Task Together_they_hold_it_when_the_requests_move_on_every_minute() => HoldAsync(3, (node, minute) => node == minute % 3 ? 4 : 0.1);

    [Fact]
    public Task Together_they_hold_it_when_it_is_asked_for_just_so() => HoldAsync(3, (node, _) => node == 0 ? 0.8 : 0.12);

    [Fact]
    public async Task What_a_node_that_was_killed_had_goes_to_the_others()
    {
        var (one, two) = (NewNode(), NewNode());
        for (var second = 0; second < 5; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            foreach (var share in (DemandShare[])[one, two]) await AskAsync(share);
        }

        Assert.InRange(one.Of(Key, PerMinute), 0.45, 0.55);
        _table.Ended.Add(1);
        await AskAsync(one);
        Assert.Equal(1, one.Of(Key, PerMinute), 6);
    }

    [Fact]
    public async Task A_limit_that_nobody_is_near_is_shared_evenly_and_nobody_talks_of_it()
    {
        var (one, two) = (NewNode(), NewNode());
        for (var second = 0; second < 3; second++)
        {
            one.Of(Key, PerMinute);
            foreach (var share in (DemandShare[])[one, two]) await share.TellAsync(CancellationToken.None);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0.5, one.Of(Key, PerMinute));
        Assert.Equal(0.5, two.Of(Key, PerMinute));
        Assert.Equal(["{}", "{}"], _table.Demands);
    }

    [Fact]
    public async Task While_the_others_cannot_be_asked_the_parts_stay()
    {
        var (one, two) = (NewNode(), NewNode());
        for (var second = 0; second < 5; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await AskAsync(one, 300);
            await AskAsync(two, 100);
        }

        var before = one.Of(Key, PerMinute);
        Assert.InRange(before, 0.7, 0.8);
        _table.IsGone = true;
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => one.TellAsync(CancellationToken.None));
        Assert.Equal(before, one.Of(Key, PerMinute));
    }

    private static async Task AskAsync(DemandShare share, int times = 200)
    {
        for (var i = 0; i < times; i++) share.Of(Key, PerMinute);
        await share.TellAsync(CancellationToken.None);
    }

    private DemandShare NewNode()
    {
        var node = new Node("0.0.0-test", _time);
        _table.Nodes.Add((node.Id, null));
        return new DemandShare(_table, new Shared(), node, Options, _time, NullLogger<DemandShare>.Instance);
    }

    // How much is asked for in a step: the given part of the limit, of each node, by the minute.
    private async Task HoldAsync(int nodes, Func<int, int, double> load)
    {
        var shares = Enumerable.Range(0, nodes).Select(_ => NewNode()).ToArray();
        foreach (var share in shares) await share.TellAsync(CancellationToken.None);
        var buckets = shares.Select(share => new TokenBuckets(share, _time, 100)).ToArray();
        var owed = new double[nodes];
        for (var minute = 0; minute < 6; minute++)
        {
            var served = 0;
            var asked = 0.0;
            for (var step = 0; step < 60 * StepsPerSecond; step++)
            {
                for (var node = 0; node < nodes; node++)
                {
                    owed[node] += load(node, minute) * PerMinute / 60 / StepsPerSecond;
                    asked += load(node, minute) / 60 / StepsPerSecond;
                    for (; owed[node] >= 1; owed[node]--)
                    {
                        if (buckets[node].Take(Key, PerMinute).Wait == TimeSpan.Zero) served++;
                    }

                    if (step % StepsPerSecond == node * StepsPerSecond / nodes) await shares[node].TellAsync(CancellationToken.None);
                }

                _time.Advance(TimeSpan.FromSeconds(1.0 / StepsPerSecond));
            }

            // Within the first minute what the buckets hold comes on top: a minute's worth, of the shares as they are then.
            Assert.InRange(served, PerMinute * Math.Min(1, asked) * 0.9, PerMinute * (minute > 0 ? 1.1 : 2.1));
        }
    }

    /// <summary>The rows of the nodes.</summary>
    private sealed class Table : INodes
    {
        public List<(string Id, string? Demand)> Nodes { get; } = [];

        public IReadOnlyList<string?> Demands => [.. Nodes.Select(node => node.Demand)];

        /// <summary>Those, by their place, that do not say that they are there any more.</summary>
        public HashSet<int> Ended { get; } = [];

        public bool IsGone { get; set; }

        public ValueTask<int> FindLeastLevelAsync(TimeSpan silence, CancellationToken cancellationToken) => ValueTask.FromResult(NodeDescription.PromisedSessions);

        public Task ReportDemandAsync(string id, string demand, CancellationToken cancellationToken)
        {
            if (IsGone) throw new MetadataUnavailableException("gone");
            Nodes[Nodes.FindIndex(node => node.Id == id)] = (id, demand);
            return Task.CompletedTask;
        }

        public ValueTask<IReadOnlyList<NodeDemand>> ListDemandsAsync(TimeSpan silence, TimeSpan lately, int limit, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<NodeDemand>>([.. Nodes.Where((_, i) => !Ended.Contains(i)).Select(node => new NodeDemand(node.Id, node.Demand))]);

        public Task<TimeSpan> ReportNodeAsync(NodeDescription node, DateTimeOffset localTime, TimeSpan forgetAfter, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task RemoveNodeAsync(string id, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<NodeList> ListNodesAsync(int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Shared : ILeases
    {
        public bool AreShared => true;

        public Task<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<LeaseRecord>> ListLeasesAsync(int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
