using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>What workloads report, and what it keeps: against policies, against clients, against the end of deleted content.</summary>
public abstract class WorkloadsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const int Days = 7;

    [Fact]
    public async Task A_report_takes_the_place_of_the_one_before_and_stands_in_the_ledger()
    {
        var last = await LastNumberAsync();
        var (outcome, first) = await ReportAsync("web", Named("a"), Named("b", App), Named("c"));
        Assert.Equal((CreateOutcome.Created, 3L, Now + TimeSpan.FromHours(1), "alice"), (outcome, first!.Digests, first.ExpiresAt, first.ReportedBy));
        Time.Advance(TimeSpan.FromMinutes(1));

        (outcome, var second) = await ReportAsync("web", Named("b", App), Named("c", Other), Named("d"), Named("d"));

        Assert.Equal((CreateOutcome.Updated, first.Id, 3L, Now + TimeSpan.FromHours(1)), (outcome, second!.Id, second.Digests, second.ExpiresAt));
        var found = await Store.FindWorkloadAsync(Registry, "web", Token);
        Assert.Equal(
            new[] { Named("b", App), Named("c", Other), Named("d") }.OrderBy(image => image.Digest.ToString(), StringComparer.Ordinal), found!.Images);
        var records = await Store.ReadLedgerAsync(last, 10, Token);
        Assert.Equal([LedgerKinds.WorkloadReported, LedgerKinds.WorkloadReported], records.Select(record => record.Kind));
        Assert.Contains("\"workload\":\"web\"", records[1].Payload, StringComparison.Ordinal);
        Assert.Contains("\"added\":\"1\",\"removed\":\"1\"", records[1].Payload, StringComparison.Ordinal);

        Assert.True(await Store.DeleteWorkloadAsync(Registry, "web", Alice, Token));
        Assert.False(await Store.DeleteWorkloadAsync(Registry, "web", Alice, Token));
        Assert.Null(await Store.FindWorkloadAsync(Registry, "web", Token));
        Assert.Equal(LedgerKinds.WorkloadDeleted, (await KindsAfterAsync(last))[^1]);
    }

    [Fact]
    public async Task A_digest_that_is_reported_for_two_repositories_counts_in_all()
    {
        await ReportAsync("web", Named("a", App), Named("a", Other));
        Assert.Equal([Named("a")], (await Store.FindWorkloadAsync(Registry, "web", Token))!.Images);
    }

    [Fact]
    public async Task Lists_are_by_name_and_by_digest_and_each_walk_shows_each_once()
    {
        foreach (var name in (string[])["b", "a", "B", "a-1", "c"]) await ReportAsync(name, name == "c" ? [Named("other")] : [Named("shared"), Named(name)]);

        Assert.Equal(["B", "a", "a-1", "b", "c"], await WalkAsync(after => Store.ListWorkloadsAsync(Registry, after, 2, Token), workload => workload.Name));
        Assert.Equal(
            ["b", "a", "B", "a-1"],
            await WalkAsync(after => Store.ListWorkloadsOfAsync(Registry, Named("shared").Digest, long.Parse(after ?? "0"), 1, Token), workload => workload.Name));
        Assert.Empty((await Store.ListWorkloadsOfAsync(Registry, Named("none").Digest, 0, 10, Token)).Items);
    }

    [Fact]
    public async Task What_is_reported_is_kept_by_retention_until_the_report_ends()
    {
        await EnableRetentionAsync();
        var image = await PushImageAsync(App, "image");
        await ReportAsync("web", TimeSpan.FromDays(Days + 2), new UsedImage(image.Digest, App));
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(0, await SweepAsync());
        Assert.NotNull(await FindAsync(App, image.Digest));

        Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, image.Digest));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_report_for_one_repository_keeps_nothing_in_another(bool everywhere)
    {
        await EnableRetentionAsync();
        var image = await PushImageAsync(App, "image");
        foreach (var blob in (Descriptor[])[image.Manifest.Config!.Value, .. image.Manifest.Layers])
            await Store.MountBlobAsync(Registry, Other, blob.Digest, App, [NameRange.All], Now + Grace, Alice, Token);
        await PutAsync(image with { Repository = Other });
        await ReportAsync("web", TimeSpan.FromDays(30), new UsedImage(image.Digest, everywhere ? null : App));
        Time.Advance(TimeSpan.FromDays(Days));

        Assert.Equal(everywhere ? 0 : 1, await SweepAsync());
        Assert.NotNull(await FindAsync(App, image.Digest));
        Assert.Equal(everywhere, await FindAsync(Other, image.Digest) is not null);
    }

    [Fact]
    public async Task An_index_is_in_use_by_what_it_lists_and_what_it_lists_by_the_index_at_any_depth()
    {
        var (one, two) = (await PushImageAsync(App, "one"), await PushImageAsync(App, "two"));
        var inner = Index(Registry, App, [Describe(one), Describe(two)]);
        await PutAsync(inner);
        var outer = Index(Registry, App, [Describe(inner)]);
        await PutAsync(outer);
        var alone = await PushImageAsync(App, "alone");

        foreach (var (reported, kept) in new[] { (outer, one), (one, outer), (inner, two), (one, inner) })
        {
            await ReportAsync("web", new UsedImage(reported.Digest, App));
            var refused = await Assert.ThrowsAsync<InUseException>(() => DeleteAsync(kept.Digest));
            Assert.Equal(("web", kept.Digest), (refused.Standing.Workload, refused.Standing.Digest));
        }

        // What stands beside it is held by its index alone.
        Assert.Equal(DeleteOutcome.Held, (await DeleteAsync(two.Digest)).Outcome);
        Assert.Equal(DeleteOutcome.Deleted, (await DeleteAsync(alone.Digest)).Outcome);
        await Store.DeleteWorkloadAsync(Registry, "web", Alice, Token);
        Assert.Equal(DeleteOutcome.Deleted, (await DeleteAsync(outer.Digest)).Outcome);
    }

    [Fact]
    public async Task What_is_part_of_more_indexes_than_can_be_looked_through_counts_as_in_use()
    {
        var image = await PushImageAsync(App, "image");
        for (var i = 0; i < 1_001; i++)
        {
            var index = Index(Registry, App, [Describe(image), new Descriptor(MediaTypes.OciManifest, Named($"absent {i}").Digest, 1)], sparse: true);
            await PutAsync(index);
        }

        Assert.Equal(DeleteOutcome.Held, (await DeleteAsync(image.Digest)).Outcome);
        await ReportAsync("web", Named("something else"));
        var refused = await Assert.ThrowsAsync<InUseException>(() => DeleteAsync(image.Digest));
        Assert.Equal((StandingUse.Undecided, null), (refused.Standing.Workload, refused.Standing.Until));
    }

    [Fact]
    public async Task A_client_deletes_neither_the_manifest_nor_its_repository_but_may_untag()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await PushImageAsync(App, "other", "v2");
        await ReportAsync("web", new UsedImage(image.Digest, null));
        var last = await LastNumberAsync();

        await Assert.ThrowsAsync<InUseException>(() => DeleteAsync(image.Digest));
        var refused = await Assert.ThrowsAsync<InUseException>(() => DeleteRepositoryAsync());
        Assert.Equal(
            new StandingUse(App, image.Digest, "web", "prod", "shop", Now + TimeSpan.FromHours(1)), refused.Standing);
        Assert.Empty(await KindsAfterAsync(last));
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token)).Outcome);
        Assert.NotNull(await FindAsync(App, image.Digest));

        Time.Advance(TimeSpan.FromHours(1));
        await DeleteRepositoryAsync();
        Assert.Null(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task What_is_deleted_and_in_use_does_not_go_for_good()
    {
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, Days) }, Alice, Token);
        var (one, two) = (await PushImageAsync(App, "one"), await PushImageAsync(App, "two"));
        var index = Index(Registry, App, [Describe(one), Describe(two)]);
        await PutAsync(index);
        foreach (var digest in (Digest[])[index.Digest, one.Digest, two.Digest]) await DeleteAsync(digest);
        await ReportAsync("web", TimeSpan.FromDays(20), new UsedImage(one.Digest, App));
        Time.Advance(TimeSpan.FromDays(Days));

        Assert.Equal(0, await ExpireAsync());
        await Assert.ThrowsAsync<InUseException>(() => Store.PurgeManifestAsync(Registry, App, index.Digest, Now + Grace, Alice, Token));
        Assert.Equal(3, (await Store.ListDeletedManifestsAsync(Registry, App, default, 10, Token))!.Items.Count);
        Time.Advance(TimeSpan.FromDays(20));
        Assert.Equal(3, await ExpireAsync());
    }

    [Fact]
    public async Task A_report_that_ends_is_told_once_and_forgotten_long_after()
    {
        await ReportAsync("web", Named("a"), Named("b"));
        await ReportAsync("job", TimeSpan.FromDays(2), Named("a"));
        Assert.Empty(await Store.EndWorkloadsAsync(10, Token));
        Time.Advance(TimeSpan.FromHours(1));
        var last = await LastNumberAsync();

        var ended = Assert.Single(await Store.EndWorkloadsAsync(10, Token));
        Assert.Equal(("local", "web", "prod"), (ended.Registry, ended.Workload.Name, ended.Workload.Cluster));
        Assert.Empty(await Store.EndWorkloadsAsync(10, Token));
        Assert.Equal([LedgerKinds.WorkloadExpired], await KindsAfterAsync(last));

        // It is listed as it was until another report, or for long.
        Assert.Equal(2, (await Store.ListWorkloadsAsync(Registry, null, 10, Token)).Items.Count);
        await ReportAsync("web", Named("a"));
        Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(["job", "web"], (await Store.EndWorkloadsAsync(10, Token)).Select(one => one.Workload.Name).Order());
        Assert.Equal(0, await Store.ForgetWorkloadsAsync(TimeSpan.FromDays(90), 1, Token));
        Time.Advance(TimeSpan.FromDays(90));
        Assert.Equal(2, await Store.ForgetWorkloadsAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.Equal(2, await Store.ForgetWorkloadsAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.Equal(0, await Store.ForgetWorkloadsAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.Empty((await Store.ListWorkloadsAsync(Registry, null, 10, Token)).Items);
    }

    [Fact]
    public async Task A_registry_that_is_deleted_for_good_takes_its_reports_along()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await ReportAsync("web", TimeSpan.FromDays(30), new UsedImage(image.Digest, null));
        Assert.False(await Store.PurgeWorkloadsStepAsync(Registry, 10, Token));
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.Equal(CreateOutcome.Unknown, (await ReportAsync("late", Named("a"))).Outcome);
        Assert.True(await Store.BeginPurgeAsync(Registry, Alice, Token));

        while (await Store.PurgeWorkloadsStepAsync(Registry, 1, Token))
        {
        }

        Assert.Null(await Store.FindWorkloadAsync(Registry, "web", Token));
        await DeleteRepositoryAsync();
    }

    private static UsedImage Named(string text, RepositoryName? repository = null) => new(Digest.Compute(DigestAlgorithm.Sha256, Content(text)), repository);

    [Fact]
    public async Task Of_a_repository_that_holds_what_is_in_use_nothing_is_deleted()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 60; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        await ReportAsync("web", new UsedImage(images.MaxBy(image => image.Digest)!.Digest, App));

        await Assert.ThrowsAsync<InUseException>(DeleteRepositoryAsync);
        foreach (var image in images) Assert.NotNull(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task A_report_that_comes_while_a_repository_is_deleted_keeps_its_image_from_the_next_step_on()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 60; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        var last = images.MaxBy(image => image.Digest)!;
        var step = await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token);
        await ReportAsync("web", new UsedImage(last.Digest, App));

        await Assert.ThrowsAsync<InUseException>(async () =>
        {
            while (step.Next is not null) step = await Store.DeleteRepositoryStepAsync(Registry, App, step.Next, Now + Grace, Alice, Token);
        });
        Assert.NotNull(await FindAsync(App, last.Digest));
    }

    private Task<CreateResult<WorkloadRecord>> ReportAsync(string name, params UsedImage[] images) => ReportAsync(name, TimeSpan.FromHours(1), images);

    private Task<CreateResult<WorkloadRecord>> ReportAsync(string name, TimeSpan timeToLive, params UsedImage[] images) => Store.ReportWorkloadAsync(
        new WorkloadReport(Registry, name, images, timeToLive) { Cluster = "prod", Namespace = "shop", Owner = "team-a" }, Alice, Token);

    private Task<DeleteResult> DeleteAsync(Digest digest) => Store.DeleteManifestAsync(Registry, App, digest, Now + Grace, Alice, Token);

    private async Task DeleteRepositoryAsync()
    {
        RepositoryDeletionCursor? cursor = null;
        do cursor = (await Store.DeleteRepositoryStepAsync(Registry, App, cursor, Now + Grace, Alice, Token)).Next;
        while (cursor is not null);
    }

    private async Task EnableRetentionAsync() => await Store.UpdateRegistryAsync(Registry, new RegistryChanges { Retention = new(true, Days) }, Alice, Token);

    private async Task<int> SweepAsync() => (await Store.DeleteUntaggedAsync(Grace, 100, Token)).Deleted;

    private async Task<int> ExpireAsync()
    {
        var deleted = 0;
        ExpiryResult result;
        do
        {
            result = await Store.ExpireDeletedAsync(Grace, 100, Token);
            deleted += result.Deleted;
        }
        while (result.More);

        return deleted;
    }
}
