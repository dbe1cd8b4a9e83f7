using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Content that is set apart: what readers are told with the row that they read, and when it ends.</summary>
public abstract class QuarantineSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Quarantine Infected = new(QuarantineState.Quarantined, "infected", null);
    private static readonly Caller Bob = new(8, "bob", "192.0.2.2", "request-2");

    [Fact]
    public async Task A_digest_is_set_apart_in_every_repository_of_its_registry_also_before_it_is_there()
    {
        var config = Describe(Content("config of image"));
        var image = Image(Registry, App, config, []);
        var last = await LastNumberAsync();
        var set = await Store.QuarantineDigestAsync(Registry, null, image.Digest, Infected, Alice, Token);
        Assert.Equal((QuarantineState.Quarantined, "infected", "alice", Now), (set.State, set.Reason, set.By, set.At));
        Assert.Equal(set, await Store.QuarantineDigestAsync(Registry, null, image.Digest, Infected, Alice, Token));
        Assert.Equal([LedgerKinds.ManifestQuarantined], await KindsAfterAsync(last));

        await PushBlobAsync(App, "config of image");
        await PutAsync(image with { Tags = [Tag.Parse("v1")] });

        Assert.Equal(new SetApart(image.Digest, set), (await FindAsync(App, "v1"))!.SetApart);
        Assert.Equal(new SetApart(image.Digest, set), (await FindAsync(App, image.Digest))!.SetApart);
        var second = (await Store.CreateRegistryAsync(new NewRegistry("second", "subscription", "default", "local", "Premium"), Alice, Token)).Record!;
        Assert.Empty((await Store.ListQuarantinedDigestsAsync(second.Id, default, 10, Token)).Items);
        await ReopenAsync();
        Assert.Equal([new QuarantinedDigest(image.Digest, set)], (await Store.ListQuarantinedDigestsAsync(Registry, default, 10, Token)).Items);
    }

    [Fact]
    public async Task It_ends_by_itself_when_its_time_is_over_and_by_hand()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.QuarantineDigestAsync(Registry, null, image.Digest, Infected with { Until = Now.AddHours(1) }, Alice, Token);
        await Store.QuarantineRepositoryAsync(Registry, App, Infected with { Until = Now.AddHours(2) }, Alice, Token);
        Assert.Equal(default, (await FindAsync(App, "v1"))!.SetApart!.Digest);
        Assert.NotNull(await Store.FindRepositoryQuarantineAsync(Registry, App, Token));

        Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty((await Store.ListQuarantinedDigestsAsync(Registry, default, 10, Token)).Items);
        Assert.Empty(await Store.FindQuarantinesAsync(Registry, [image.Digest], Token));
        Assert.NotNull((await FindAsync(App, "v1"))!.SetApart);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Null((await FindAsync(App, "v1"))!.SetApart);
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null(await Store.FindRepositoryQuarantineAsync(Registry, App, Token));
        Assert.Empty((await Store.ListQuarantinedRepositoriesAsync(Registry, null, 10, Token)).Items);
        var last = await LastNumberAsync();
        Assert.False(await Store.EndQuarantineAsync(Registry, image.Digest, Alice, Token));
        Assert.False(await Store.EndQuarantineAsync(Registry, App, Alice, Token));
        Assert.Equal(last, await LastNumberAsync());

        await Store.QuarantineDigestAsync(Registry, null, image.Digest, Infected, Alice, Token);
        await Store.QuarantineRepositoryAsync(Registry, App, Infected, Alice, Token);
        Assert.True(await Store.EndQuarantineAsync(Registry, App, Alice, Token));
        Assert.True(await Store.EndQuarantineAsync(Registry, image.Digest, Alice, Token));
        Assert.Null((await FindAsync(App, "v1"))!.SetApart);
        Assert.Equal(
            [LedgerKinds.ManifestQuarantined, LedgerKinds.RepositoryQuarantined, LedgerKinds.RepositoryReleased, LedgerKinds.ManifestReleased], await KindsAfterAsync(last));
        Assert.Null(await Store.QuarantineRepositoryAsync(Registry, RepositoryName.Parse("absent"), Infected, Alice, Token));
    }

    [Fact]
    public async Task An_index_sets_its_children_apart_unless_a_tag_or_an_index_that_is_not_set_apart_names_them()
    {
        var (one, two) = (await PushImageAsync(App, "one"), await PushImageAsync(App, "two"));
        var index = Index(Registry, App, [Describe(one), Describe(two)], tags: "multi");
        await PutAsync(index);
        var set = await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected, Alice, Token);

        Assert.Equal(new SetApart(index.Digest, set), (await FindAsync(App, one.Digest))!.SetApart);
        Assert.Equal(new SetApart(index.Digest, set), (await FindAsync(App, index.Digest))!.SetApart);

        await PutAsync(one with { Tags = [Tag.Parse("one")] });
        Assert.Null((await FindAsync(App, one.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, "one"))!.SetApart);
        var other = Index(Registry, App, [Describe(two)]);
        await PutAsync(other);
        Assert.Null((await FindAsync(App, two.Digest))!.SetApart);

        await Store.QuarantineDigestAsync(Registry, null, other.Digest, Infected, Alice, Token);
        Assert.NotNull((await FindAsync(App, two.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, one.Digest))!.SetApart);
        await Store.EndQuarantineAsync(Registry, index.Digest, Alice, Token);
        Assert.Null((await FindAsync(App, two.Digest))!.SetApart);
        await PushImageAsync(App, "untouched");
        Assert.Null((await FindAsync(App, (await PushImageAsync(App, "without any index")).Digest))!.SetApart);
    }

    [Fact]
    public async Task An_index_sets_apart_what_only_it_leads_to_at_any_depth()
    {
        var image = await PushImageAsync(App, "image");
        var inner = Index(Registry, App, [Describe(image)]);
        await PutAsync(inner);
        var middle = Index(Registry, App, [Describe(inner)]);
        await PutAsync(middle);
        var outer = Index(Registry, App, [Describe(middle)], tags: "outer");
        await PutAsync(outer);
        var config = image.Manifest.Config!.Value.Digest;
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);

        var set = await Store.QuarantineDigestAsync(Registry, null, outer.Digest, Infected, Alice, Token);
        foreach (var covered in (Digest[])[middle.Digest, inner.Digest, image.Digest]) Assert.Equal(new SetApart(outer.Digest, set), (await FindAsync(App, covered))!.SetApart);
        Assert.NotNull((await Store.FindBlobAsync(Registry, App, config, Token))!.SetApart);

        // Another way down: first from an index without a tag, which is one to pull by its digest, then with that one set apart, and last from a tag half-way.
        var other = Index(Registry, App, [Describe(inner), Describe(await PushImageAsync(App, "more", "more"))]);
        await PutAsync(other);
        Assert.NotNull((await FindAsync(App, middle.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null((await Store.FindBlobAsync(Registry, App, config, Token))!.SetApart);
        await Store.QuarantineDigestAsync(Registry, null, other.Digest, Infected, Alice, Token);
        Assert.NotNull((await FindAsync(App, image.Digest))!.SetApart);
        await PutAsync(inner with { Tags = [Tag.Parse("inner")] });
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, inner.Digest))!.SetApart);
        Assert.NotNull((await FindAsync(App, middle.Digest))!.SetApart);

        // What is set apart in the middle covers what is below it, whatever names the top.
        await Store.EndQuarantineAsync(Registry, outer.Digest, Alice, Token);
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("inner"), Alice, Token);
        var halfway = await Store.QuarantineDigestAsync(Registry, null, inner.Digest, Infected, Alice, Token);
        Assert.Equal(new SetApart(inner.Digest, halfway), (await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, middle.Digest))!.SetApart);
    }

    [Fact]
    public async Task A_blob_is_set_apart_while_nothing_but_what_is_set_apart_names_it()
    {
        var shared = await PushBlobAsync(App, "shared");
        var (one, two) = (Image(Registry, App, await PushBlobAsync(App, "one"), [shared]), Image(Registry, App, await PushBlobAsync(App, "two"), [shared]));
        await PutAsync(one);
        await PutAsync(two);
        var index = Index(Registry, App, [Describe(one)], tags: "multi");
        await PutAsync(index);
        var own = one.Manifest.Config!.Value.Digest;
        var free = await PushBlobAsync(App, "free");

        await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected, Alice, Token);
        Assert.Equal(one.Digest, (await BlobAsync(own)).SetApart!.Digest);
        Assert.Null((await BlobAsync(shared.Digest)).SetApart);
        Assert.Null((await BlobAsync(free.Digest)).SetApart);
        Assert.Null(await Store.MountBlobAsync(Registry, Other, own, App, [], Now + Grace, Alice, Token));
        Assert.NotNull(await Store.MountBlobAsync(Registry, Other, shared.Digest, App, [], Now + Grace, Alice, Token));

        await Store.QuarantineDigestAsync(Registry, null, two.Digest, Infected, Alice, Token);
        Assert.NotNull((await BlobAsync(shared.Digest)).SetApart);
        await Store.EndQuarantineAsync(Registry, index.Digest, Alice, Token);
        Assert.Null((await BlobAsync(own)).SetApart);
        Assert.Null((await BlobAsync(shared.Digest)).SetApart);
        await Store.QuarantineRepositoryAsync(Registry, App, Infected, Alice, Token);
        Assert.Equal(default, (await BlobAsync(free.Digest)).SetApart!.Digest);

        async Task<BlobRecord> BlobAsync(Digest digest) => (await Store.FindBlobAsync(Registry, App, digest, Token))!;
    }

    [Fact]
    public async Task What_a_scanner_says_stands_and_sets_apart_unless_it_passed()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.QuarantineDigestAsync(Registry, App, image.Digest, new Quarantine(QuarantineState.Failed, null, null) { Details = "{}" }, Alice, Token);
        Assert.Equal((QuarantineState.Failed, "{}"), ((await FindAsync(App, "v1"))!.SetApart!.Quarantine.State, (await FindAsync(App, "v1"))!.SetApart!.Quarantine.Details));

        await Store.QuarantineDigestAsync(Registry, App, image.Digest, new Quarantine(QuarantineState.Passed, null, null) { Details = "clean" }, Alice, Token);

        Assert.Null((await FindAsync(App, "v1"))!.SetApart);
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);
        var known = (await Store.FindQuarantinesAsync(Registry, [image.Digest], Token))[image.Digest];
        Assert.Equal((QuarantineState.Passed, "clean", false), (known.State, known.Details, known.SetsApart));
        Assert.Empty((await Store.ListQuarantinedDigestsAsync(Registry, default, 10, Token)).Items);
        Assert.Equal(["v1"], (await Store.ListTagsToPullAsync(Registry, App, null, 10, Token))!.Items);
    }

    [Fact]
    public async Task A_list_of_tags_to_pull_leaves_out_those_of_what_is_set_apart_and_is_the_whole_list_else()
    {
        var bad = await PushImageAsync(App, "bad", "a", "c", "e");
        await PushImageAsync(App, "good", "b", "d");
        Assert.Equal(["a", "b", "c", "d", "e"], await TagsAsync());
        Assert.Null(await Store.ListTagsToPullAsync(Registry, Other, null, 10, Token));

        await Store.QuarantineDigestAsync(Registry, null, bad.Digest, Infected, Alice, Token);
        Assert.Equal(["b", "d"], await TagsAsync());
        Assert.Null(await Store.ListTagsToPullAsync(Registry, Other, null, 10, Token));
        await Store.QuarantineRepositoryAsync(Registry, App, Infected, Alice, Token);
        Assert.Empty(await TagsAsync());
        Assert.Equal(5, (await Store.ListTagsAsync(Registry, App, null, 10, Token))!.Items.Count);

        async Task<IReadOnlyList<string>> TagsAsync() => await WalkAsync(async last => (await Store.ListTagsToPullAsync(Registry, App, last, 2, Token))!, name => name);
    }

    [Fact]
    public async Task Lists_of_what_is_set_apart_are_walked_in_pages()
    {
        var digests = new List<Digest>();
        for (var i = 0; i < 25; i++)
        {
            digests.Add(Describe(Content($"digest {i}")).Digest);
            await Store.QuarantineDigestAsync(Registry, null, digests[i], Infected with { Until = i % 5 == 0 ? Now.AddHours(1) : null }, Alice, Token);
            var repository = RepositoryName.Parse($"r{i:d2}");
            await PutAsync(Index(Registry, repository, []));
            await Store.QuarantineRepositoryAsync(Registry, repository, Infected, Alice, Token);
        }

        Time.Advance(TimeSpan.FromHours(1));
        var walked = await WalkAsync(
            last => Store.ListQuarantinedDigestsAsync(Registry, last is null ? default : Digest.Parse(last), 3, Token), each => each.Digest);
        Assert.Equal(digests.Where((_, i) => i % 5 != 0).Order(), walked);
        Assert.Equal(25, (await WalkAsync(last => Store.ListQuarantinedRepositoriesAsync(Registry, last, 4, Token), each => each.Repository)).Count);
    }

    [Fact]
    public async Task Retention_leaves_what_is_set_apart_until_it_is_no_longer()
    {
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { Retention = new(true, 7) }, Alice, Token);
        var (held, inRepository) = (await PushImageAsync(App, "held"), await PushImageAsync(Other, "in repository"));
        await Store.QuarantineDigestAsync(Registry, null, held.Digest, Infected, Alice, Token);
        await Store.QuarantineRepositoryAsync(Registry, Other, Infected, Alice, Token);
        Time.Advance(TimeSpan.FromDays(8));

        var swept = await Store.DeleteUntaggedAsync(Grace, 100, Token);
        Assert.Equal((0, 2), (swept.Deleted, swept.PutOff));
        await Store.EndQuarantineAsync(Registry, held.Digest, Alice, Token);
        await Store.EndQuarantineAsync(Registry, Other, Alice, Token);
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(2, (await Store.DeleteUntaggedAsync(Grace, 100, Token)).Deleted);
        Assert.Null(await FindAsync(App, held.Digest));
        Assert.Null(await FindAsync(Other, inRepository.Digest));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_only_an_index_sets_apart_stays_so_when_it_is_deleted_and_when_what_is_below_it_is(bool isKept)
    {
        await KeepDeletedAsync(isKept);
        var (image, tagged) = (await PushImageAsync(App, "image"), await PushImageAsync(App, "tagged", "tagged"));
        var inner = Index(Registry, App, [Describe(image)]);
        await PutAsync(inner);
        var outer = Index(Registry, App, [Describe(inner), Describe(tagged)], tags: "outer");
        await PutAsync(outer);
        var config = image.Manifest.Config!.Value.Digest;
        await Store.QuarantineDigestAsync(Registry, null, outer.Digest, Infected with { Until = Now.AddDays(2) }, Alice, Token);
        var last = await LastNumberAsync();

        Assert.Equal(isKept, (await DeleteAsync(outer)).IsSoft);
        Assert.Equal([LedgerKinds.ManifestQuarantined, LedgerKinds.TagDeleted, isKept ? LedgerKinds.ManifestSoftDeleted : LedgerKinds.ManifestDeleted], await KindsAfterAsync(last));
        var record = (await Store.ReadLedgerAsync(last, 1, Token))[0];
        Assert.Equal((inner.Digest, App.Value, "bob"), (record.Digest, record.Repository, record.Actor));
        var handedDown = (await FindAsync(App, inner.Digest))!.SetApart!;
        Assert.Equal((inner.Digest, "infected", Now.AddDays(2)), (handedDown.Digest, handedDown.Quarantine.Reason, handedDown.Quarantine.Until));
        Assert.Equal(handedDown, (await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, tagged.Digest))!.SetApart);
        await AssertBlobIsKeptBackAsync(config, isThere: true);

        await DeleteAsync(inner);
        Assert.Equal(image.Digest, (await FindAsync(App, image.Digest))!.SetApart!.Digest);
        await AssertBlobIsKeptBackAsync(config, isThere: true);
        await DeleteAsync(image);
        if (isKept) await AssertBlobIsKeptBackAsync(config, isThere: true);

        // The end came along.
        var quarantined = (await Store.ListQuarantinedDigestsAsync(Registry, default, 10, Token)).Items;
        Assert.Equal(new[] { outer.Digest, inner.Digest, image.Digest }.Order(), quarantined.Select(one => one.Digest));
        Assert.All(quarantined, one => Assert.Equal(Now.AddDays(2), one.Quarantine.Until));
        Time.Advance(TimeSpan.FromDays(2));
        if (isKept) Assert.Null((await Store.FindBlobAsync(Registry, App, config, Token))!.SetApart);
    }

    [Fact]
    public async Task A_deletion_sets_nothing_apart_that_is_free_in_another_repository()
    {
        var image = await PushImageAsync(App, "image");
        foreach (var blob in (string[])["config of image", "layer of image"]) await PushBlobAsync(Other, blob);
        await PutAsync(image with { Repository = Other, Tags = [Tag.Parse("v1")] });
        var index = Index(Registry, App, [Describe(image)]);
        await PutAsync(index);
        await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected, Alice, Token);
        Assert.NotNull((await FindAsync(App, image.Digest))!.SetApart);
        Assert.Null((await FindAsync(Other, image.Digest))!.SetApart);

        await DeleteAsync(index);
        Assert.Null((await FindAsync(Other, image.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);

        // Where the other repository is set apart it is free nowhere.
        await PutAsync(index);
        await Store.QuarantineRepositoryAsync(Registry, Other, Infected, Alice, Token);
        await DeleteAsync(index);
        Assert.Equal(image.Digest, (await FindAsync(App, image.Digest))!.SetApart!.Digest);
    }

    [Fact]
    public async Task What_was_said_of_a_covered_image_stands_when_its_index_is_deleted_and_ends_no_sooner()
    {
        var (passed, failed, longer) = (await PushImageAsync(App, "passed"), await PushImageAsync(App, "failed"), await PushImageAsync(App, "longer"));
        var index = Index(Registry, App, [Describe(passed), Describe(failed), Describe(longer)], tags: "multi");
        await PutAsync(index);
        await Store.QuarantineDigestAsync(Registry, null, passed.Digest, new Quarantine(QuarantineState.Passed, null, null), Alice, Token);
        await Store.QuarantineDigestAsync(Registry, null, failed.Digest, new Quarantine(QuarantineState.Failed, null, Now.AddHours(1)) { Details = "{}" }, Alice, Token);
        var own = await Store.QuarantineDigestAsync(Registry, null, longer.Digest, new Quarantine(QuarantineState.Failed, "its own", null), Alice, Token);
        await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected with { Until = Now.AddHours(2) }, Alice, Token);

        await DeleteAsync(index);
        Assert.Equal(new SetApart(longer.Digest, own), (await FindAsync(App, longer.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, passed.Digest))!.SetApart);
        Assert.Equal(QuarantineState.Passed, (await Store.FindQuarantinesAsync(Registry, [passed.Digest], Token))[passed.Digest].State);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("{}", (await FindAsync(App, failed.Digest))!.SetApart!.Quarantine.Details);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Null((await FindAsync(App, failed.Digest))!.SetApart);
    }

    [Fact]
    public async Task What_another_index_lists_is_as_that_one_has_it_when_one_is_deleted()
    {
        var image = await PushImageAsync(App, "image");
        var (one, other) = (Index(Registry, App, [Describe(image)], tags: "one"), Index(Registry, App, [Describe(image), Describe(image)], tags: "other"));
        foreach (var index in (NewManifest[])[one, other])
        {
            await PutAsync(index);
            await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected, Alice, Token);
        }

        await DeleteAsync(one);
        Assert.Equal(other.Digest, (await FindAsync(App, image.Digest))!.SetApart!.Digest);
        Assert.Empty(await Store.FindQuarantinesAsync(Registry, [image.Digest], Token));
        await Store.QuarantineDigestAsync(Registry, null, other.Digest, new Quarantine(QuarantineState.Passed, null, null), Alice, Token);
        Assert.Null((await FindAsync(App, image.Digest))!.SetApart);
    }

    [Fact]
    public async Task A_deleted_image_that_is_set_apart_keeps_its_blobs_back_for_as_long_as_it_can_be_restored()
    {
        await KeepDeletedAsync(true);
        var bad = await PushImageAsync(App, "bad", "bad");
        var layer = bad.Manifest.Layers[0].Digest;
        await Store.QuarantineDigestAsync(Registry, null, bad.Digest, Infected, Alice, Token);
        await DeleteAsync(bad);
        Assert.Equal(bad.Digest, (await Store.FindBlobAsync(Registry, App, layer, Token))!.SetApart!.Digest);
        await AssertBlobIsKeptBackAsync(layer, isThere: true);

        // Whoever pushes it again needs no byte of it, and loses none when it is gone for good.
        Assert.NotNull(await Store.RenewBlobAsync(Registry, App, layer, Now + Grace, Token));
        Assert.Equal(DeleteOutcome.Deleted, (await Store.PurgeManifestAsync(Registry, App, bad.Digest, Now + Grace, Bob, Token)).Outcome);
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, layer, Token));
    }

    [Fact]
    public async Task What_an_index_set_apart_comes_back_set_apart_when_its_repository_was_deleted()
    {
        await KeepDeletedAsync(true);
        var image = await PushImageAsync(App, "image");
        var index = Index(Registry, App, [Describe(image)], tags: "multi");
        await PutAsync(index);
        await Store.QuarantineDigestAsync(Registry, null, index.Digest, Infected, Alice, Token);

        await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Bob, Token);
        await AssertBlobIsKeptBackAsync(image.Manifest.Layers[0].Digest, isThere: true);
        Assert.Equal(RestoreOutcome.Restored, (await Store.RestoreManifestAsync(Registry, App, image.Digest, null, false, Bob, Token)).Outcome);

        Assert.Equal(image.Digest, (await FindAsync(App, image.Digest))!.SetApart!.Digest);
        await AssertBlobIsKeptBackAsync(image.Manifest.Layers[0].Digest, isThere: true);
    }

    [Fact]
    public async Task A_push_under_the_policy_is_set_apart_where_the_type_of_its_config_is_empty()
    {
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { QuarantinesPushes = true }, Alice, Token);
        var (config, layer) = (await PushBlobAsync(App, "config"), await PushBlobAsync(App, "layer"));
        var typeless = Image(Registry, App, config with { MediaType = "" }, [layer], subject: layer, artifactType: "a/signature");
        var typed = Image(Registry, App, config with { MediaType = "a/signature" }, [layer], subject: layer, artifactType: "another/signature");
        await PutAsync(typeless);
        await PutAsync(typed);

        Assert.NotNull((await FindAsync(App, typeless.Digest))!.SetApart);
        Assert.Null((await FindAsync(App, typed.Digest))!.SetApart);
    }

    [Fact]
    public async Task It_outlives_what_it_is_about_and_goes_with_its_registry()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.QuarantineDigestAsync(Registry, null, image.Digest, Infected, Alice, Token);
        await Store.QuarantineRepositoryAsync(Registry, App, Infected, Alice, Token);
        await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token);
        await PutAsync(image);
        Assert.NotNull((await FindAsync(App, "v1"))!.SetApart);

        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        await Store.BeginPurgeAsync(Registry, Alice, Token);
        Assert.Empty((await Store.ListQuarantinedDigestsAsync(Registry, default, 10, Token)).Items);
        await Store.UnlockForPurgeAsync(Registry, App, Token);
        Assert.Null((await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Caller.System, Token)).Next);
    }

    private async Task KeepDeletedAsync(bool isKept) =>
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(isKept, 30) }, Alice, Token);

    private Task<DeleteResult> DeleteAsync(NewManifest manifest) => Store.DeleteManifestAsync(Registry, App, manifest.Digest, Now + Grace, Bob, Token);

    /// <summary>The repository has no such blob any more, or one that is set apart; it is mounted from there in no case.</summary>
    private async Task AssertBlobIsKeptBackAsync(Digest digest, bool isThere)
    {
        var blob = await Store.FindBlobAsync(Registry, App, digest, Token);
        Assert.Equal(isThere, blob is not null);
        if (blob is not null) Assert.NotNull(blob.SetApart);
        Assert.Null(await Store.MountBlobAsync(Registry, Other, digest, App, [], Now + Grace, Bob, Token));
    }
}
