using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>How deleted content goes for good: when its days are over, when somebody asks for it, and with its registry.</summary>
public abstract class DeletedExpirySuite<TDatabase> : KeptDeletions<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Tag V1 = Tag.Parse("v1");

    [Fact]
    public async Task What_is_deleted_expires_by_the_days_that_are_set_then_also_after_the_policy_was_turned_off()
    {
        await KeepAsync();
        var (image, other) = (await PushImageAsync(App, "image", "v1"), await PushImageAsync(Other, "image", "v1"));
        await DeleteAsync(image);
        await Store.DeleteManifestAsync(Registry, Other, other.Digest, Now + Grace, Alice, Token);
        await SetAsync(isEnabled: false, days: 10);
        Time.Advance(TimeSpan.FromDays(10).Subtract(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(0, (await ExpireAsync()).Deleted);
        Assert.Equal(RestoreOutcome.Restored, (await Store.RestoreManifestAsync(Registry, Other, other.Digest, null, false, Alice, Token)).Outcome);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        var last = await LastNumberAsync();

        Assert.Equal(1, (await ExpireAsync()).Deleted);

        Assert.Equal([LedgerKinds.ManifestPurged], await KindsAfterAsync(last));
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image)).Outcome);
        Assert.Empty((await Store.ListDeletedRepositoriesAsync(Registry, [NameRange.Of(App)], null, 10, Token)).Items);
        Assert.NotNull(await FindAsync(Other, "v1"));

        // Its blobs have a lease as after any deletion, then they are collected.
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, image.Manifest.Layers[0].Digest, Token));
        Time.Advance(Grace);
        Assert.Equal(2, (await Store.ReviewMembershipsAsync(100, Token)).Ended);
        Assert.True((await Store.DeleteManifestAsync(Registry, Other, other.Digest, Now + Grace, Alice, Token)) is { Outcome: DeleteOutcome.Deleted, IsSoft: false });
    }

    [Fact]
    public async Task Registries_with_few_days_do_not_wait_behind_one_with_many()
    {
        await KeepAsync();
        var second = (await Store.CreateRegistryAsync(
            new NewRegistry("second", "subscription", "default", "", "") { Settings = new RegistryChanges { SoftDelete = new(true, 1) } }, Alice, Token)).Record!.Id;
        for (var i = 0; i < 30; i++) await DeleteAsync(await PushImageAsync(App, $"image {i}"));
        Time.Advance(TimeSpan.FromMinutes(1));
        var config = await PushToAsync(second, "config");
        var image = Image(second, App, config, [], tags: "v1");
        await PutAsync(image);
        await Store.DeleteManifestAsync(second, App, image.Digest, Now + Grace, Alice, Token);
        Time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(new ExpiryResult(Deleted: 1, PutOff: 0, Tags: 0, Restorable: 0, More: false), await Store.ExpireDeletedAsync(Grace, 10, Token));
    }

    [Fact]
    public async Task A_deleted_child_goes_after_the_deleted_index_that_lists_it_and_not_while_one_stands()
    {
        await KeepAsync();
        var child = await PushImageAsync(App, "child");
        await DeleteAsync(child);
        var sparse = Index(Registry, App, [Describe(child)], sparse: true, tags: "multi");
        await PutAsync(sparse);
        Time.Advance(TimeSpan.FromDays(Days));
        var kept = await ExpireAsync();
        Assert.Equal((0, 1), (kept.Deleted, kept.PutOff));
        Assert.Equal(0, (await ExpireAsync()).PutOff);
        Assert.Equal(new DeleteResult(DeleteOutcome.Held, sparse.Digest), await PurgeAsync(child));

        await DeleteAsync(sparse);
        Assert.Equal(new DeleteResult(DeleteOutcome.Held, sparse.Digest, Now.AddDays(Days)), await PurgeAsync(child));
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(2, (await ExpireAsync()).Deleted);
        Assert.Equal(DeleteOutcome.Unknown, (await PurgeAsync(child)).Outcome);
    }

    [Fact]
    public async Task What_a_deleted_index_needs_is_kept_when_it_is_deleted_after_the_policy_was_turned_off()
    {
        await KeepAsync();
        var child = await PushImageAsync(App, "child");
        var index = Index(Registry, App, [Describe(child)], tags: "multi");
        await PutAsync(index);
        await DeleteAsync(index);
        await SetAsync(isEnabled: false, days: null);

        Assert.True((await DeleteAsync(child)).IsSoft);
        Assert.False((await DeleteAsync(await PushImageAsync(App, "another"))).IsSoft);
        Assert.Equal(2, (await RestoreAsync(index)).Manifests.Count);
        Assert.NotNull(await FindAsync(App, child.Digest));
    }

    [Fact]
    public async Task Somebody_deletes_a_deleted_manifest_for_good()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1");
        Assert.Equal(DeleteOutcome.Unknown, (await PurgeAsync(image)).Outcome);
        await DeleteAsync(image);
        var bytes = (await Store.ReadRegistryUsageAsync(Registry, Token)).Bytes;

        Assert.Equal(DeleteOutcome.Deleted, (await PurgeAsync(image)).Outcome);

        Assert.Equal(bytes - image.Bytes.Length, (await Store.ReadRegistryUsageAsync(Registry, Token)).Bytes);
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image, V1)).Outcome);
        Assert.Null(await Store.ListDeletedTagsAsync(Registry, App, default, 10, Token));
        await PutAsync(image);
        Assert.NotNull(await FindAsync(App, "v1"));
    }

    [Fact]
    public async Task A_registry_that_is_deleted_for_good_takes_its_deleted_content_along()
    {
        await KeepAsync();
        var child = await PushImageAsync(App, "child");
        var index = Index(Registry, App, [Describe(child)], tags: "multi");
        await PutAsync(index);
        await DeleteAsync(index);
        await PushImageAsync(Other, "image", "v1");
        await Store.DeleteTagAsync(Registry, Other, V1, Alice, Token);
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(default, await ExpireAsync());
        Assert.False(await Store.PurgeDeletedStepAsync(Registry, Grace, 100, Token));
        Assert.True(await Store.BeginPurgeAsync(Registry, Alice, Token) || await Store.BeginDuePurgesAsync(10, Token) > 0);
        foreach (var repository in (RepositoryName[])[App, Other])
            Assert.Null((await Store.DeleteRepositoryStepAsync(Registry, repository, null, Now, Caller.System, Token)).Next);
        Assert.False(await Store.EndPurgeAsync(Registry, Token));

        while (await Store.PurgeDeletedStepAsync(Registry, Grace, 1, Token))
        {
        }

        Assert.True(await Store.EndPurgeAsync(Registry, Token));
        Assert.Equal(0, (await Store.ReadTotalsAsync(Token)).Manifests);
    }

    private async Task<Descriptor> PushToAsync(long registry, string text)
    {
        var content = Content(text);
        var id = NewId();
        var upload = await Store.OpenUploadAsync(
            new NewUpload(id, registry, App, $"at/{id}", DigestAlgorithm.Sha256, Now + Grace, Now.AddMinutes(1)), Alice, Token);
        Assert.True(await Store.CompleteUploadAsync(upload, Describe(content).Digest, content.Length, Now + Grace, Now + Grace, Alice, Token));
        return Describe(content);
    }
}
