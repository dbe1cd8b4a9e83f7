using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Runs of lifecycle rules: what holds them, what is left of them when they begin anew, and what goes with an image.</summary>
public abstract class LifecycleRunsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_pause_holds_a_run_which_waits_to_be_evaluated_anew()
    {
        await PushImageAsync(App, "image", "v1");
        var (lease, id) = await ChooseAsync(LifecycleAction.Untag);
        Assert.Null(await Store.FindDeletionHoldAsync(Interval, Token));
        await Store.SetDeletionPauseAsync(Now.AddHours(4), Alice, Token);
        DeletionHold? expected = new DeletionHold(Now.AddHours(4), DeletionHoldReason.Paused);

        Assert.Equal(expected, await Store.FindDeletionHoldAsync(Interval, Token));
        Assert.Equal(new LifecycleStep(0, 0, 0, 0, LifecycleItemKey.Start, expected), await ActAsync(lease, id));

        Assert.Equal(LifecyclePlanState.Waiting, (await Store.FindLifecyclePlanAsync(Registry, id, Token))!.State);
        Assert.NotNull(await FindAsync(App, "v1"));
        Time.Advance(TimeSpan.FromHours(4));
        Assert.Null(await Store.FindDeletionHoldAsync(Interval, Token));
    }

    [Fact]
    public async Task Of_a_pause_and_a_step_of_the_clock_the_one_that_lasts_longer_holds()
    {
        await Store.ObserveClockAsync(null, Grace, Token);
        Time.Advance(Grace * 3);
        var until = await Store.ObserveClockAsync(null, Grace, Token);
        Assert.Equal(Now + Grace, until);
        await Store.SetDeletionPauseAsync(Now.AddHours(1), Alice, Token);
        DeletionHold? expected = new DeletionHold(Now + Grace, DeletionHoldReason.Suspended);
        Assert.Equal(expected, await Store.FindDeletionHoldAsync(Interval, Token));

        await Store.SetDeletionPauseAsync(Now.AddDays(7), Alice, Token);
        expected = new DeletionHold(Now.AddDays(7), DeletionHoldReason.Paused);
        Assert.Equal(expected, await Store.FindDeletionHoldAsync(Interval, Token));
    }

    [Fact]
    public async Task A_look_at_the_clock_that_is_late_holds_a_run_which_begins_anew_only_after_a_grace()
    {
        await PushImageAsync(App, "image", "v1");
        await Store.ObserveClockAsync(null, Grace, Token);
        var (lease, id) = await ChooseAsync(LifecycleAction.Untag);

        Assert.Equal(DeletionHoldReason.Unseen, (await ActAsync(lease, id)).Held?.Reason);
        Assert.Equal(LifecyclePlanState.Acting, (await Store.FindLifecyclePlanAsync(Registry, id, Token))!.State);

        Time.Advance(Grace);
        Assert.Equal(DeletionHoldReason.Unseen, (await ActAsync(lease, id)).Held?.Reason);
        Assert.Equal(LifecyclePlanState.Waiting, (await Store.FindLifecyclePlanAsync(Registry, id, Token))!.State);
        Assert.NotNull(await FindAsync(App, "v1"));
    }

    [Fact]
    public async Task After_a_restore_nothing_is_done_before_somebody_has_looked_at_the_clock()
    {
        await Store.MarkRestoredAsync(Token);
        DeletionHold? expected = new DeletionHold(Now + Interval, DeletionHoldReason.Unseen);
        Assert.Equal(expected, await Store.FindDeletionHoldAsync(Interval, Token));

        await Store.ObserveClockAsync(null, Grace, Token);
        expected = new DeletionHold(Now + Grace, DeletionHoldReason.Suspended);
        Assert.Equal(expected, await Store.FindDeletionHoldAsync(Interval, Token));
    }

    [Fact]
    public async Task A_run_that_begins_anew_keeps_what_it_did_and_forgets_the_rest()
    {
        await PushImageAsync(App, "image", [.. Enumerable.Range(0, 250).Select(i => $"t{i:d3}")]);
        var (lease, id) = await ChooseAsync(LifecycleAction.Untag);
        var step = await ActAsync(lease, id);
        Assert.Equal((100, 0), (step.Done, step.Skipped));
        await Store.SetDeletionPauseAsync(Now.AddHours(1), Alice, Token);
        Assert.NotNull((await ActAsync(lease, id)).Held);

        Assert.Equal(2, await BeginAsync(lease, id));

        var plan = (await Store.FindLifecyclePlanAsync(Registry, id, Token))!;
        Assert.Equal((LifecyclePlanState.Evaluating, 100L, 100L, 0L), (plan.State, plan.Tags, plan.Done, plan.Skipped));
        var left = (await Store.ListLifecycleItemsAsync(id, true, LifecycleItemKey.Start, 200, Token)).Items;
        Assert.Equal(100, left.Count);
        Assert.All(left, item => Assert.True(item.IsDone));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(101)]
    public async Task An_image_with_more_referrers_than_go_in_one_act_stays_with_all_of_them(int referrers)
    {
        var image = await PushImageAsync(App, "image", "v1");
        for (var i = 0; i < referrers; i++) await PutAsync(Image(Registry, App, image.Manifest.Config!.Value, [], Describe(image), $"application/vnd.test.{i}"));
        var (_, id) = await ChooseAsync(LifecycleAction.Delete);

        var found = (await Store.ResolveTaggedAsync(Registry, id, App, null, 100, Grace, Token)).Items;

        if (referrers > 100)
        {
            var kept = Assert.Single(found);
            Assert.Equal((image.Digest, false, LifecycleReason.SubjectOfKept), (kept.Digest, kept.IsTaken, kept.Reason));
        }
        else
        {
            Assert.Equal(referrers + 1, found.Count);
            Assert.All(found, item => Assert.True(item.IsTaken));
        }
    }

    /// <summary>A run that takes all tags, and whose evaluation is over.</summary>
    private async Task<(LifecycleLease Lease, long Id)> ChooseAsync(LifecycleAction action)
    {
        Time.Advance(Grace + Grace);
        var id = (await Store.CreateLifecyclePlanAsync(new NewLifecyclePlan(Registry, IsRun: true, "[]", null, 0, "manual"), Alice, Token))!.Value;
        var lease = (await Store.LeaseLifecycleAsync(Registry, Token))!;
        await BeginAsync(lease, id);
        var tags = (await Store.ListTagCandidatesAsync(Registry, App, null, 500, Token))!.Items;
        var items = tags.Select(tag => new LifecycleItem(tag.Repository, LifecycleItemKind.Tag, tag.Tag!, tag.Digest, "rule", action)
        {
            IsTaken = true,
            SeenAt = tag.UpdatedAt.ToUnixTimeMilliseconds(),
        });
        foreach (var some in items.Chunk(ILifecyclePlans.LargestPage)) await Store.AddLifecycleItemsAsync(lease, id, some, Token);
        await Store.SetLifecycleStateAsync(lease, id, LifecyclePlanState.Acting, null, Token);
        return (lease, id);
    }

    private async Task<int> BeginAsync(LifecycleLease lease, long id)
    {
        var calls = 0;
        for (LifecycleItemKey? after = LifecycleItemKey.Start; after is not null; calls++) after = await Store.BeginLifecyclePlanAsync(lease, id, after, Token);
        return calls;
    }

    private Task<LifecycleStep> ActAsync(LifecycleLease lease, long id) => Store.ActLifecycleStepAsync(lease, id, LifecycleItemKey.Start, Grace, Interval, Token);
}
