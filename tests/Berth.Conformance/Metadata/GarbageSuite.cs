using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>What may be deleted, when, and what never may.</summary>
public abstract class GarbageSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_blob_that_no_manifest_ever_named_goes_when_its_lease_is_over()
    {
        var blob = await PushBlobAsync(App, "lonely");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        Time.Advance(Grace - TimeSpan.FromSeconds(1));
        Assert.Equal(default, await Store.ReviewMembershipsAsync(10, Token));
        Time.Advance(TimeSpan.FromSeconds(1));
        var last = await LastNumberAsync();

        Assert.Equal(new ReviewResult(1, 1, 1, blob.Size), await Store.ReviewMembershipsAsync(10, Token));

        Assert.Null(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Assert.Equal([new DiscardedLocation(location, null)], await DiscardedAsync(10));
        Assert.Equal([LedgerKinds.BlobCollected], await KindsAfterAsync(last));
        Assert.Equal(0, (await Store.ReadTotalsAsync(Token)).Blobs);
    }

    [Fact]
    public async Task A_blob_that_a_manifest_names_leaves_the_queue()
    {
        var image = await PushImageAsync(App, "image");
        Time.Advance(Grace + Grace);

        Assert.Equal(new ReviewResult(2, 0, 0, 0), await Store.ReviewMembershipsAsync(10, Token));
        Assert.Equal(default, await Store.ReviewMembershipsAsync(10, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, image.Manifest.Config!.Value.Digest, Token));
    }

    [Fact]
    public async Task A_blob_stays_while_another_repository_holds_it()
    {
        var blob = await PushBlobAsync(App, "held");
        Time.Advance(Grace / 2);
        await PushBlobAsync(Other, "held");
        Time.Advance(Grace / 2);

        Assert.Equal(new ReviewResult(1, 1, 0, 0), await Store.ReviewMembershipsAsync(10, Token));

        Assert.Null(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, Other, blob.Digest, Token));
    }

    [Fact]
    public async Task A_push_after_the_claim_lives_at_its_own_location()
    {
        var blob = await PushBlobAsync(App, "again");
        var old = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        Time.Advance(Grace);
        await Store.ReviewMembershipsAsync(10, Token);

        await PushBlobAsync(App, "again");

        var found = await Store.FindBlobAsync(Registry, App, blob.Digest, Token);
        Assert.NotEqual(old, found!.Location);
        Assert.Equal([new DiscardedLocation(old, null)], await DiscardedAsync(10));
    }

    [Fact]
    public async Task A_membership_stays_while_an_upload_beside_it_has_just_ended()
    {
        var blob = await PushBlobAsync(App, "first layer");
        Time.Advance(Grace - TimeSpan.FromMinutes(1));
        await PushBlobAsync(App, "second layer, which took long");
        Time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(new ReviewResult(1, 0, 0, 0), await Store.ReviewMembershipsAsync(10, Token));

        Assert.NotNull(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(1, (await Store.ReviewMembershipsAsync(10, Token)).Ended);
    }

    [Fact]
    public async Task A_membership_stays_while_an_upload_to_its_repository_makes_progress()
    {
        var blob = await PushBlobAsync(App, "first layer");
        var upload = await OpenAsync(App, writing: true);
        Time.Advance(Grace);
        Assert.True(await Store.TouchUploadAsync(upload.Id, 1, Now.AddMinutes(1), Now + Grace, Token));
        Time.Advance(TimeSpan.FromMinutes(14));

        Assert.Equal(new ReviewResult(1, 0, 0, 0), await Store.ReviewMembershipsAsync(10, Token));
        Assert.Equal(default, await Store.ReviewMembershipsAsync(10, Token));

        // An open session's progress is told to a second.
        Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(new ReviewResult(1, 1, 1, blob.Size), await Store.ReviewMembershipsAsync(10, Token));
    }

    [Fact]
    public async Task An_upload_to_another_repository_protects_nothing()
    {
        await PushBlobAsync(App, "blob");
        var upload = await OpenAsync(Other, writing: true);
        Time.Advance(Grace);
        await Store.TouchUploadAsync(upload.Id, 1, Now.AddMinutes(1), Now + Grace, Token);

        Assert.Equal(1, (await Store.ReviewMembershipsAsync(10, Token)).Ended);
    }

    [Fact]
    public async Task A_batch_is_bounded_and_the_rest_follows()
    {
        for (var i = 0; i < 7; i++) await PushBlobAsync(App, $"blob {i}");
        Time.Advance(Grace);

        var ended = new List<int>();
        for (var i = 0; i < 4; i++) ended.Add((await Store.ReviewMembershipsAsync(3, Token)).Ended);

        Assert.Equal([3, 3, 1, 0], ended);
    }

    [Fact]
    public async Task A_blob_whose_last_membership_a_client_deleted_is_claimed()
    {
        var blob = await PushBlobAsync(App, "deleted");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        await Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token);

        Assert.Equal(new BlobReviewResult(1, 1, blob.Size), await Store.ReviewBlobsAsync(10, Token));
        Assert.Equal(default, await Store.ReviewBlobsAsync(10, Token));

        Assert.Equal([new DiscardedLocation(location, null)], await DiscardedAsync(10));
    }

    [Fact]
    public async Task A_blob_pushed_again_before_its_claim_is_kept()
    {
        var blob = await PushBlobAsync(App, "deleted");
        await Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token);
        await PushBlobAsync(Other, "deleted");

        Assert.Equal(new BlobReviewResult(1, 0, 0), await Store.ReviewBlobsAsync(10, Token));
        Assert.Equal(default, await Store.ReviewBlobsAsync(10, Token));

        Assert.NotNull(await Store.FindBlobAsync(Registry, Other, blob.Digest, Token));
    }

    [Fact]
    public async Task Only_forgotten_locations_leave_the_list()
    {
        await PushBlobAsync(App, "a");
        await PushBlobAsync(Other, "a");
        var aborted = await OpenAsync(App);
        await Store.AbortUploadAsync(aborted.Id, null, Alice, Token);
        var discarded = await DiscardedAsync(10);
        Assert.Equal(2, discarded.Count);
        Assert.Single(await DiscardedAsync(1));
        Assert.Equal(discarded.Select(entry => entry.Location).Order(), (await Store.KnownLocationsAsync([.. discarded.Select(entry => entry.Location)], Token)).Order());

        await Store.ForgetDiscardedAsync([discarded[0]], Token);
        Assert.Equal([discarded[1]], await DiscardedAsync(10));
        await Store.ForgetDiscardedAsync([discarded[1]], Token);

        Assert.Empty(await DiscardedAsync(10));
        Assert.Empty(await Store.KnownLocationsAsync([.. discarded.Select(entry => entry.Location)], Token));
    }

    [Fact]
    public async Task Discarded_locations_are_walked_once_each_in_pages()
    {
        for (var i = 0; i < 4; i++) await PushBlobAsync(i == 0 ? App : Other, "same");
        for (var i = 0; i < 3; i++) await Store.AbortUploadAsync((await OpenAsync(App)).Id, null, Alice, Token);
        var all = await DiscardedAsync(100);
        Assert.Equal(6, all.Count);

        var walked = new List<DiscardedLocation>();
        var cursor = default(DiscardedCursor);
        while (await Store.ListDiscardedAsync(cursor, 2, Token) is { Items.Count: > 0 } page)
        {
            walked.AddRange(page.Items);
            cursor = page.Next;
        }

        Assert.Equal(all, walked);
    }

    [Fact]
    public async Task A_finished_session_hands_no_location_to_the_reaper()
    {
        var upload = await OpenAsync(App, writing: true);
        var blob = Describe(Content("kept"));
        await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now.AddMinutes(5), Alice, Token);
        await Store.ForgetDiscardedAsync([new DiscardedLocation(upload.Location, upload.Id)], Token);
        Assert.NotNull(await Store.FindUploadAsync(Registry, App, upload.Id, Token));
        Time.Advance(TimeSpan.FromMinutes(5));

        await Store.TidyAsync(TimeSpan.FromDays(90), 100, Token);

        Assert.Null(await Store.FindUploadAsync(Registry, App, upload.Id, Token));
        Assert.Empty(await DiscardedAsync(10));
        Assert.Equal(upload.Location, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location);
    }

    [Fact]
    public async Task Tidying_forgets_what_is_past_its_retention_and_changes_no_total()
    {
        await PushImageAsync(App, "image", "v1");
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token);
        var before = await Store.ReadTotalsAsync(Token);

        await TidyAsync();
        Assert.Equal(before, await Store.ReadTotalsAsync(Token));
        Assert.InRange((await Store.ReadLedgerAsync(0, 1000, Token)).Count, 5, 20);

        Time.Advance(TimeSpan.FromDays(91));
        await TidyAsync();

        Assert.Single(await Store.ReadLedgerAsync(0, 1000, Token));
        Assert.Equal(before, await Store.ReadTotalsAsync(Token));
    }

    private async Task TidyAsync()
    {
        var rounds = 0;
        while (await Store.TidyAsync(TimeSpan.FromDays(90), 3, Token) > 0) Assert.InRange(++rounds, 1, 100);
    }

    [Fact]
    public async Task A_confirmed_clock_lets_deletion_go_on()
    {
        Assert.Null(await Store.ObserveClockAsync(null, Grace, Token));
        Time.Advance(TimeSpan.FromHours(6));
        Assert.Null(await Store.ObserveClockAsync(TimeSpan.FromHours(6), Grace, Token));
        await ReopenAsync();
        Time.Advance(TimeSpan.FromHours(12));
        Assert.Null(await Store.ObserveClockAsync(null, Grace, Token));
    }

    [Theory]
    [InlineData(10, 0.1)]
    [InlineData(-1, 0.1)]
    [InlineData(0.1, 10)]
    public async Task A_step_that_elapsed_time_does_not_confirm_suspends_deletion_for_one_grace(double clockHours, double elapsedHours)
    {
        await Store.ObserveClockAsync(null, Grace, Token);
        Time.AdjustTime(Now.AddHours(clockHours));

        Assert.Equal(Now + Grace, await Store.ObserveClockAsync(TimeSpan.FromHours(elapsedHours), Grace, Token));

        await ReopenAsync();
        Time.Advance(TimeSpan.FromHours(23));
        Assert.NotNull(await Store.ObserveClockAsync(null, Grace, Token));
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Null(await Store.ObserveClockAsync(TimeSpan.FromHours(1), Grace, Token));
    }

    [Theory]
    [InlineData(25, true)]
    [InlineData(-1, true)]
    [InlineData(23, false)]
    public async Task A_step_between_two_processes_suspends_deletion_when_it_may_be_wrong(double hours, bool suspends)
    {
        await Store.ObserveClockAsync(null, Grace, Token);
        await ReopenAsync();
        Time.AdjustTime(Now.AddHours(hours));

        Assert.Equal(suspends, await Store.ObserveClockAsync(null, Grace, Token) is not null);
    }
}
