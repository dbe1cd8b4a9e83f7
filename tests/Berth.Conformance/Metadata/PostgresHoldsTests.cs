using Berth.Metadata;
using Berth.Metadata.Relational;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>How long a node that is gone keeps an upload from the others.</summary>
public sealed class PostgresHoldsTests : MetadataSuite<PostgresDatabase>
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task An_upload_of_a_node_that_says_nothing_any_more_is_anothers_after_half_a_minute_and_its_late_writer_is_fenced_off()
    {
        await using var other = await TwoNodesAsync();
        var first = await TakeAsync(Store, await OpenAsync(App));
        Time.Advance(NodeRecord.Silence - Second);
        Assert.Null(await other.AcquireUploadAsync(first.Id, first.Epoch, Now + Hold, Token));

        Time.Advance(Second);
        var second = await TakeAsync(other, first);

        Assert.Equal(first.Epoch + 1, second.Epoch);
        Assert.False(await Store.TouchUploadAsync(first.Id, first.Epoch, Now + Hold, Now + Grace, Token));
        Assert.False(await Store.RecordUploadAsync(first.Id, first.Epoch, 5, DigestAlgorithm.Sha256, null, null, Now + Grace, Token));
        var (late, blob) = (Describe(Content("late")), Describe(Content("in time")));
        Assert.False(await Store.CompleteUploadAsync(first, late.Digest, late.Size, Now + Grace, Now + Grace, Alice, Token));
        Assert.True(await other.CompleteUploadAsync(second, blob.Digest, blob.Size, Now + Grace, Now + Grace, Alice, Token));
        Assert.Null(await Store.FindBlobAsync(Registry, App, late.Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
    }

    [Fact]
    public async Task An_upload_of_a_node_that_ended_in_good_order_is_anothers_at_once()
    {
        await using var other = await TwoNodesAsync();
        var first = await TakeAsync(Store, await OpenAsync(App));
        Assert.Null(await other.AcquireUploadAsync(first.Id, first.Epoch, Now + Hold, Token));

        await Store.RemoveNodeAsync("first", Token);

        await TakeAsync(other, first);
    }

    [Fact]
    public async Task An_upload_of_a_node_that_is_there_is_its_writers_until_the_hold_ends()
    {
        await using var other = await TwoNodesAsync();
        var first = await TakeAsync(Store, await OpenAsync(App));
        for (var passed = TimeSpan.Zero; passed < Hold - NodeRecord.Silence; passed += NodeRecord.Silence / 3)
        {
            Time.Advance(NodeRecord.Silence / 3);
            await ReportAsync(Store, "first");
            Assert.Null(await other.AcquireUploadAsync(first.Id, first.Epoch, Now + Hold, Token));
        }

        Time.Advance(NodeRecord.Silence);
        await ReportAsync(Store, "first");
        await TakeAsync(other, first);
    }

    [Fact]
    public async Task A_nodes_own_writer_and_one_of_a_node_that_nobody_heard_of_keep_their_holds_though_nothing_is_said_of_them()
    {
        await using var other = await TwoNodesAsync();
        await using var unheard = await Database.OpenNodeAsync(Time);
        var own = await TakeAsync(Store, await OpenAsync(App));
        var foreign = await TakeAsync(unheard, await OpenAsync(App));
        Time.Advance(2 * NodeRecord.Silence);

        Assert.Null(await Store.AcquireUploadAsync(own.Id, own.Epoch, Now + Hold, Token));
        Assert.Null(await other.AcquireUploadAsync(foreign.Id, foreign.Epoch, Now + Hold, Token));

        Time.Advance(Hold - (2 * NodeRecord.Silence));
        await TakeAsync(Store, own);
        await TakeAsync(other, foreign);
    }

    [Fact]
    public async Task What_a_node_that_is_gone_was_writing_is_swept_by_others_no_earlier_than_the_hold_ends()
    {
        await using var other = await TwoNodesAsync();
        var aborted = await TakeAsync(Store, await OpenAsync(App));
        var expired = await TakeAsync(Store, await OpenAsync(App, expiresAt: Now + NodeRecord.Silence));
        Assert.True(await other.AbortUploadAsync(aborted.Id, null, Alice, Token));
        Time.Advance(2 * NodeRecord.Silence);

        Assert.Empty((await other.ListDiscardedAsync(default, 10, Token)).Items);
        Assert.Equal(0, await other.ExpireUploadsAsync(10, Token));

        Time.Advance(Hold);
        Assert.Equal([new DiscardedLocation(aborted.Location, aborted.Id)], (await other.ListDiscardedAsync(default, 10, Token)).Items);
        Assert.Equal(1, await other.ExpireUploadsAsync(10, Token));
        Assert.Equal(UploadState.Aborting, (await other.FindUploadAsync(Registry, App, expired.Id, Token))!.State);
    }

    // The store of the suite is the first; both have said that they are there.
    private async Task<RelationalMetadataStore> TwoNodesAsync()
    {
        var other = await Database.OpenNodeAsync(Time);
        await ReportAsync(Store, "first");
        await ReportAsync(other, "other");
        return other;
    }

    private Task<TimeSpan> ReportAsync(IMetadataStore node, string id) =>
        node.ReportNodeAsync(new NodeDescription(id, "host", "1.0.0", IsDraining: false, Now), Now, TimeSpan.FromDays(1), Token);

    private async Task<UploadRecord> TakeAsync(IMetadataStore node, UploadRecord upload)
    {
        var taken = await node.AcquireUploadAsync(upload.Id, upload.Epoch, Now + Hold, Token);
        Assert.NotNull(taken);
        return taken;
    }
}
