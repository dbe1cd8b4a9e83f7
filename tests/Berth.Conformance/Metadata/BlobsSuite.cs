using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Blobs as repositories see them: completion, leases, mounts, deletion, damage.</summary>
public abstract class BlobsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_completed_upload_is_a_blob_of_its_repository_alone()
    {
        var blob = Describe(Content("first"));
        var upload = await OpenAsync(App, writing: true);
        Assert.True(await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token));

        var found = await Store.FindBlobAsync(Registry, App, blob.Digest, Token);

        Assert.Equal(new BlobRecord(blob.Digest, blob.Size, upload.Location, BlobState.Live, upload.RepositoryId, Now + Grace, Referenced: false), found);
        Assert.Null(await Store.FindBlobAsync(Registry, Other, blob.Digest, Token));
        Assert.Null(await Store.FindBlobAsync(Registry + 1, App, blob.Digest, Token));
        Assert.Empty(await DiscardedAsync(10));
    }

    [Fact]
    public async Task The_second_push_of_the_same_content_gives_up_its_own_location()
    {
        var blob = await PushBlobAsync(App, "same");
        var first = await Store.FindBlobAsync(Registry, App, blob.Digest, Token);

        var upload = await OpenAsync(Other, writing: true);
        Assert.True(await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token));

        Assert.Equal(first!.Location, (await Store.FindBlobAsync(Registry, Other, blob.Digest, Token))!.Location);
        Assert.Equal([new DiscardedLocation(upload.Location, null)], await DiscardedAsync(10));
        Assert.Equal(1, (await Store.ReadTotalsAsync(Token)).Blobs);
    }

    [Fact]
    public async Task A_push_never_shortens_a_lease()
    {
        var blob = await PushBlobAsync(App, "leased");
        var upload = await OpenAsync(App, writing: true);

        await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now.AddHours(1), Now, Alice, Token);

        Assert.Equal(Now + Grace, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.LeaseUntil);
    }

    [Fact]
    public async Task Content_that_stands_with_another_size_is_refused_and_nothing_changes()
    {
        var blob = await PushBlobAsync(App, "sized");
        var upload = await OpenAsync(Other, writing: true);
        var last = await LastNumberAsync();

        await Assert.ThrowsAsync<InvalidDataException>(
            () => Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size + 1, Now + Grace, Now, Alice, Token));

        Assert.Equal(UploadState.Open, (await Store.FindUploadAsync(Registry, Other, upload.Id, Token))!.State);
        Assert.Null(await Store.FindBlobAsync(Registry, Other, blob.Digest, Token));
        Assert.Equal(last, await LastNumberAsync());
    }

    [Fact]
    public async Task A_renewal_extends_the_lease_and_never_shortens_it()
    {
        var blob = await PushBlobAsync(App, "renewed");
        Time.Advance(TimeSpan.FromHours(20));

        var renewed = await Store.RenewBlobAsync(Registry, App, blob.Digest, Now + Grace, Token);
        var shorter = await Store.RenewBlobAsync(Registry, App, blob.Digest, Now.AddHours(1), Token);

        Assert.Equal(Now + Grace, renewed!.LeaseUntil);
        Assert.Equal(renewed, shorter);
        Assert.Equal(renewed, await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Time.Advance(TimeSpan.FromHours(10));
        Assert.Equal(0, (await Store.ReviewMembershipsAsync(10, Token)).Ended);
    }

    [Fact]
    public async Task A_renewal_of_what_is_gone_or_damaged_or_never_was_answers_nothing()
    {
        var gone = await PushBlobAsync(App, "gone");
        await Store.DeleteBlobAsync(Registry, App, gone.Digest, Alice, Token);
        var damaged = await PushBlobAsync(App, "damaged");
        await Store.MarkDamagedAsync(damaged.Digest, (await Store.FindBlobAsync(Registry, App, damaged.Digest, Token))!.Location, Token);

        Assert.Null(await Store.RenewBlobAsync(Registry, App, gone.Digest, Now + Grace, Token));
        Assert.Null(await Store.RenewBlobAsync(Registry, App, damaged.Digest, Now + Grace, Token));
        Assert.Null(await Store.RenewBlobAsync(Registry, Other, damaged.Digest, Now + Grace, Token));
    }

    [Fact]
    public async Task A_blob_that_a_manifest_names_says_so_and_needs_no_renewal()
    {
        var image = await PushImageAsync(App, "image");
        var config = image.Manifest.Config!.Value.Digest;
        Time.Advance(TimeSpan.FromDays(3));

        var blob = await Store.RenewBlobAsync(Registry, App, config, Now + Grace, Token);

        Assert.True(blob!.Referenced);
        Assert.Equal(Now.AddDays(-2), blob.LeaseUntil);
    }

    [Fact]
    public async Task A_mount_makes_the_blob_a_member_without_new_bytes()
    {
        var blob = await PushBlobAsync(Other, "base");

        var mounted = await Store.MountBlobAsync(Registry, App, blob.Digest, Other, [], Now + Grace, Alice, Token);

        Assert.Equal(mounted, await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Assert.Equal((await Store.FindBlobAsync(Registry, Other, blob.Digest, Token))!.Location, mounted!.Location);
        var record = (await Store.ReadLedgerAsync(await LastNumberAsync() - 1, 10, Token))[^1];
        Assert.Equal((LedgerKinds.BlobMounted, App.Value, blob.Digest), (record.Kind, record.Repository, record.Digest));
    }

    [Fact]
    public async Task A_mount_from_a_repository_that_does_not_hold_the_blob_leaves_nothing()
    {
        var blob = await PushBlobAsync(Other, "elsewhere");
        var last = await LastNumberAsync();

        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, RepositoryName.Parse("team/third"), [NameRange.All], Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry, App, Describe(Content("no")).Digest, Other, [NameRange.All], Now + Grace, Alice, Token));

        Assert.Null(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Assert.Equal(last, await LastNumberAsync());
    }

    [Fact]
    public async Task A_mount_without_a_source_finds_one_that_the_caller_may_read()
    {
        var blob = await PushBlobAsync(Other, "anywhere");

        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [], Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [NameRange.Of(App)], Now + Grace, Alice, Token));
        Assert.NotNull(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [NameRange.Of(App), NameRange.Of(Other)], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_mount_without_a_source_finds_what_many_hold_in_the_few_repositories_that_the_caller_may_read()
    {
        var blob = Describe(Content("shared"));
        for (var i = 0; i < 70; i++) await PushBlobAsync(RepositoryName.Parse($"crowd/r{i}"), "shared");
        IReadOnlyList<NameRange>[] readable =
        [
            [NameRange.Of(RepositoryName.Parse("crowd/r69"))],
            [new NameRange("crowd/r68", "crowd/r7")],
            [NameRange.Of(App), new NameRange("crowd/r69", null)],
        ];

        foreach (var (ranges, i) in readable.Select((ranges, i) => (ranges, i)))
            Assert.NotNull(await Store.MountBlobAsync(Registry, RepositoryName.Parse($"into/r{i}"), blob.Digest, null, ranges, Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [new NameRange("crowd/r7", "crowd/r7")], Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry + 1, App, blob.Digest, null, [NameRange.All], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_mount_without_a_source_gives_up_after_a_bounded_number_of_looks()
    {
        var blob = Describe(Content("shared"));
        for (var i = 0; i < 70; i++) await PushBlobAsync(RepositoryName.Parse($"crowd/r{i}"), "shared");
        for (var i = 0; i < 40; i++) await PushBlobAsync(RepositoryName.Parse($"alone/r{i:d2}"), $"alone {i}");
        var last = NameRange.Of(RepositoryName.Parse("crowd/r69"));
        var others = Enumerable.Range(0, 40).Select(i => NameRange.Of(RepositoryName.Parse($"absent/r{i:d2}")));

        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [new NameRange("alone/", "alone0"), last], Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [.. others, last], Now + Grace, Alice, Token));
        Assert.NotNull(await Store.MountBlobAsync(Registry, App, blob.Digest, RepositoryName.Parse("crowd/r69"), [], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_mount_without_a_source_finds_what_few_hold_among_any_number_of_repositories()
    {
        for (var i = 0; i < 70; i++) await PushBlobAsync(RepositoryName.Parse($"crowd/r{i}"), $"{i}");
        var blob = await PushBlobAsync(RepositoryName.Parse("zoo/rare"), "rare");

        Assert.NotNull(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [NameRange.All], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_deleted_blob_is_gone_from_its_repository_alone()
    {
        var blob = await PushBlobAsync(App, "deleted");
        await PushBlobAsync(Other, "deleted");

        Assert.Equal(new DeleteResult(DeleteOutcome.Deleted), await Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token));

        Assert.Null(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, Other, blob.Digest, Token));
        Assert.Equal(DeleteOutcome.Unknown, (await Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_blob_that_a_manifest_names_is_held_and_the_manifest_is_told()
    {
        var image = await PushImageAsync(App, "holder");

        var result = await Store.DeleteBlobAsync(Registry, App, image.Manifest.Layers[0].Digest, Alice, Token);

        Assert.Equal(new DeleteResult(DeleteOutcome.Held, image.Digest), result);
    }

    [Fact]
    public async Task Damage_is_marked_only_at_the_location_it_was_found_at()
    {
        var blob = await PushBlobAsync(App, "marked");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;

        Assert.False(await Store.MarkDamagedAsync(blob.Digest, "at/other", Token));
        Assert.True(await Store.MarkDamagedAsync(blob.Digest, location, Token));
        Assert.False(await Store.MarkDamagedAsync(blob.Digest, location, Token));

        Assert.Equal(BlobState.Damaged, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.State);
        Assert.Null(await Store.MountBlobAsync(Registry, Other, blob.Digest, App, [], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_push_heals_a_damaged_blob_for_every_repository()
    {
        var blob = await PushBlobAsync(App, "healed");
        var bad = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        await Store.MarkDamagedAsync(blob.Digest, bad, Token);
        var last = await LastNumberAsync();

        await PushBlobAsync(Other, "healed");

        var healed = await Store.FindBlobAsync(Registry, App, blob.Digest, Token);
        Assert.Equal(BlobState.Live, healed!.State);
        Assert.NotEqual(bad, healed.Location);
        Assert.Equal([new DiscardedLocation(bad, null)], await DiscardedAsync(10));
        Assert.Equal([LedgerKinds.UploadOpened, LedgerKinds.BlobHealed, LedgerKinds.BlobPushed], await KindsAfterAsync(last));
    }

    [Theory]
    [InlineData(1000, 10, true)]
    [InlineData(-5, -2, false)]
    public async Task A_quota_counts_a_blob_that_is_healed_with_the_size_that_it_has(int difference, int room, bool fits)
    {
        var blob = Describe(Content("of another size"));
        var upload = await OpenAsync(App, writing: true);
        await Store.CompleteUploadAsync(upload, blob.Digest, blob.Size + difference, Now + Grace, Now, Alice, Token);
        await Store.MarkDamagedAsync(blob.Digest, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location, Token);
        var first = await PushBlobAsync(Other, "the first");
        await Store.SetQuotaAsync(Registry, Other, new QuotaLimits(first.Size + blob.Size + room, null), Alice, Token);

        if (fits) await PushBlobAsync(Other, "of another size");
        else await Assert.ThrowsAsync<QuotaException>(() => PushBlobAsync(Other, "of another size"));

        Assert.Equal(first.Size + (fits ? blob.Size : 0), (await Store.ReadRepositoryUsageAsync(Registry, Other, Token))!.Figures.Bytes);
        Assert.Empty(await Store.RecountUsageAsync(repair: false, Token));
    }

    [Theory]
    [InlineData(1, "team/third")]
    [InlineData(2, "team/third")]
    [InlineData(1, "team/app")]
    [InlineData(2, "team/app")]
    public async Task A_push_heals_a_damaged_blob_that_stood_with_another_size_and_its_usage(int holders, string healer)
    {
        var blob = Describe(Content("resized"));
        var holding = new[] { App, Other }[..holders];
        foreach (var repository in holding)
        {
            var upload = await OpenAsync(repository, writing: true);
            await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size + 1000, Now + Grace, Now, Alice, Token);
        }

        await Store.MarkDamagedAsync(blob.Digest, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location, Token);

        var third = RepositoryName.Parse(healer);
        await PushBlobAsync(third, "resized");

        foreach (var repository in holding.Append(third))
        {
            var healed = await Store.FindBlobAsync(Registry, repository, blob.Digest, Token);
            Assert.Equal((BlobState.Live, blob.Size), (healed!.State, healed.Size));
        }

        Assert.Equal((1, blob.Size), ((await Store.ReadTotalsAsync(Token)).Blobs, (await Store.ReadTotalsAsync(Token)).BlobBytes));
        Assert.Empty(await Store.CheckAsync(Token));
        Assert.Empty(await Store.RecountUsageAsync(repair: false, Token));
    }

    [Fact]
    public async Task A_blob_that_proves_good_after_all_is_live_again()
    {
        var blob = await PushBlobAsync(App, "verified");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        Assert.False(await Store.MarkLiveAsync(blob.Digest, location, Token));
        await Store.MarkDamagedAsync(blob.Digest, location, Token);

        Assert.False(await Store.MarkLiveAsync(blob.Digest, "at/other", Token));
        Assert.True(await Store.MarkLiveAsync(blob.Digest, location, Token));

        Assert.Equal(BlobState.Live, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.State);
    }

    [Fact]
    public async Task Thirty_two_pushers_of_the_same_content_all_succeed()
    {
        var blob = Describe(Content("{}"));
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async i =>
        {
            var repository = RepositoryName.Parse($"crowd/r{i}");
            for (var round = 0; round < 3; round++) await PushBlobAsync(repository, "{}");
            await PutAsync(Image(Registry, repository, blob, [blob], tags: "latest"));
        }));

        Assert.Equal(1, (await Store.ReadTotalsAsync(Token)).Blobs);
        Assert.Equal(32, (await Store.ReadTotalsAsync(Token)).Manifests);
        Assert.Equal(95, (await DiscardedAsync(1000)).Count);
    }
}
