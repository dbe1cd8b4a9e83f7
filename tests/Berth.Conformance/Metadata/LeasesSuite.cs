using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Leases of work that one process does at a time, and the nodes that share it.</summary>
public abstract class LeasesSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const string Job = "a-job";
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_lease_is_one_holders_until_it_ends_or_is_given_back()
    {
        var first = await Store.TakeLeaseAsync(Job, "one", Duration, Token);
        Assert.NotNull(first);
        Assert.Null(await Store.TakeLeaseAsync(Job, "two", Duration, Token));
        Assert.NotNull(await Store.TakeLeaseAsync("another-job", "two", Duration, Token));

        await Store.ReleaseLeaseAsync(first, Token);
        var second = await Store.TakeLeaseAsync(Job, "two", Duration, Token);
        Assert.True(second!.Fence > first.Fence);
        Assert.False(await Store.RenewLeaseAsync(first, Duration, Token));
        await Store.ReleaseLeaseAsync(first, Token);
        Assert.Null(await Store.TakeLeaseAsync(Job, "one", Duration, Token));

        Time.Advance(Duration);
        Assert.True((await Store.TakeLeaseAsync(Job, "one", Duration, Token))!.Fence > second.Fence);
    }

    [Fact]
    public async Task Its_holder_takes_it_again_with_the_same_fence_while_it_lasts()
    {
        var first = await Store.TakeLeaseAsync(Job, "one", Duration, Token);
        Time.Advance(Duration / 2);
        Assert.Equal(first, await Store.TakeLeaseAsync(Job, "one", Duration, Token));
        Time.Advance(Duration / 2);
        Assert.Null(await Store.TakeLeaseAsync(Job, "two", Duration, Token));
        Time.Advance(Duration / 2);

        // Somebody else may have had it in between, for all that its holder knows.
        Assert.True((await Store.TakeLeaseAsync(Job, "one", Duration, Token))!.Fence > first!.Fence);
    }

    [Fact]
    public async Task What_is_written_under_a_lease_that_was_taken_over_is_refused_whole()
    {
        var lost = await Store.TakeLeaseAsync(Job, "one", Duration, Token);
        var before = await Store.ReadDeletionStateAsync(Token);
        using (LeaseFence.Enter(lost!))
        {
            // Nobody took it: that its time is over harms nobody.
            Time.Advance(2 * Duration);
            await Store.SetDeletionPauseAsync(null, Alice, Token);
        }

        Assert.NotNull(await Store.TakeLeaseAsync(Job, "two", Duration, Token));
        using (LeaseFence.Enter(lost!))
        {
            var refused = await Assert.ThrowsAsync<LeaseLostException>(() => Store.SetDeletionPauseAsync(Time.GetUtcNow().AddHours(1), Alice, Token));
            Assert.Equal(lost, refused.Lease);
        }

        Assert.Equal(before, await Store.ReadDeletionStateAsync(Token));
        await Store.SetDeletionPauseAsync(Time.GetUtcNow().AddHours(1), Alice, Token);
        Assert.NotNull((await Store.ReadDeletionStateAsync(Token)).PausedUntil);
    }

    [Fact]
    public async Task Leases_that_are_held_are_listed()
    {
        var held = await Store.TakeLeaseAsync("b", "one", Duration, Token);
        await Store.ReleaseLeaseAsync((await Store.TakeLeaseAsync("a", "two", Duration, Token))!, Token);
        var listed = Assert.Single(await Store.ListLeasesAsync(10, Token));
        Assert.Equal(held, listed.Lease);
        Assert.Equal(Time.GetUtcNow() + Duration, listed.ExpiresAt);
        Time.Advance(Duration);
        Assert.Empty(await Store.ListLeasesAsync(10, Token));
    }

    [Fact]
    public async Task Nodes_are_listed_until_they_end_or_are_silent_for_too_long()
    {
        var one = new NodeDescription("1", "host-a", "1.0.0", IsDraining: false, Time.GetUtcNow());
        var two = new NodeDescription("2", "host-b", "1.1.0", IsDraining: false, Time.GetUtcNow().AddMinutes(1));
        Assert.Equal(TimeSpan.Zero, await Store.ReportNodeAsync(one, Time.GetUtcNow(), TimeSpan.FromDays(1), Token));
        Assert.Equal(TimeSpan.FromMinutes(6), await Store.ReportNodeAsync(two, Time.GetUtcNow().AddMinutes(6), TimeSpan.FromDays(1), Token));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Store.ReportNodeAsync(one with { IsDraining = true }, Time.GetUtcNow(), TimeSpan.FromDays(1), Token);

        var list = await Store.ListNodesAsync(10, Token);
        Assert.Equal(Time.GetUtcNow(), list.Now);
        Assert.Equal([one with { IsDraining = true }, two], list.Nodes.Select(node => node.Node));
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromSeconds(10)], list.Nodes.Select(node => list.Now - node.SeenAt));
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromMinutes(6)], list.Nodes.Select(node => node.ClockOffset));

        await Store.RemoveNodeAsync("1", Token);
        Assert.Equal([two], (await Store.ListNodesAsync(10, Token)).Nodes.Select(node => node.Node));
        Time.Advance(TimeSpan.FromDays(1));
        await Store.ReportNodeAsync(one, Time.GetUtcNow(), TimeSpan.FromDays(1), Token);
        Assert.Equal([one], (await Store.ListNodesAsync(10, Token)).Nodes.Select(node => node.Node));
    }

    [Fact]
    public async Task What_was_asked_of_a_node_is_known_while_it_was_said_lately_and_of_nodes_that_are_there()
    {
        var (one, two, ending) = (Node("one"), Node("two"), Node("three") with { IsDraining = true });
        foreach (var node in (NodeDescription[])[one, two, ending]) await Store.ReportNodeAsync(node, Time.GetUtcNow(), TimeSpan.FromDays(1), Token);
        await Store.ReportDemandAsync(one.Id, "much", Token);
        await Store.ReportDemandAsync(ending.Id, "something", Token);
        await Store.ReportDemandAsync("nobody", "something", Token);
        Assert.Equal([new NodeDemand(one.Id, "much"), new NodeDemand(two.Id, null)], await ListAsync());

        Time.Advance(TimeSpan.FromSeconds(6));
        await Store.ReportDemandAsync(two.Id, "little", Token);
        Assert.Equal([new NodeDemand(one.Id, null), new NodeDemand(two.Id, "little")], await ListAsync());

        Time.Advance(TimeSpan.FromSeconds(25));
        Assert.Empty(await ListAsync());

        async Task<IEnumerable<NodeDemand>> ListAsync() =>
            (await Store.ListDemandsAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), 10, Token)).OrderBy(demand => demand.Id, StringComparer.Ordinal);

        NodeDescription Node(string id) => new(id, "host", "1.0.0", false, Time.GetUtcNow());
    }
}
