using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Deleted content of a registry that keeps it: absent for everybody, listed, and counted by its bytes.</summary>
public abstract class DeletedContentSuite<TDatabase> : KeptDeletions<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Tag V1 = Tag.Parse("v1");

    [Fact]
    public async Task A_policy_is_stored_with_the_time_of_its_change_and_says_so_in_the_ledger()
    {
        var made = (await Store.FindRegistryByIdAsync(Registry, Token))!;
        Assert.Equal((DeletionPolicy.Default, DeletionPolicy.Default), (made.SoftDelete, made.Retention));
        var last = await LastNumberAsync();

        var changed = await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, 90), Retention = new(null, 0) }, Alice, Token);

        Assert.Equal(new DeletionPolicy(true, 90, Now), changed!.SoftDelete);
        Assert.Equal(new DeletionPolicy(false, 0, Now), changed.Retention);
        Assert.Equal(made.Epoch, changed.Epoch);
        var record = Assert.Single(await Store.ReadLedgerAsync(last, 10, Token));
        Assert.Contains("\"policies.softDeletePolicy.status\":\"enabled\",\"policies.softDeletePolicy.retentionDays\":\"90\",\"policies.retentionPolicy.days\":\"0\"", record.Payload, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(changed, await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, 90) }, Alice, Token));
        await ReopenAsync();
        Assert.Equal(changed, await Store.FindRegistryByIdAsync(Registry, Token));
    }

    [Fact]
    public async Task A_deleted_manifest_is_absent_for_every_reader_and_its_blobs_are_held()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1", "v2");
        var referrer = Image(Registry, App, image.Manifest.Config!.Value, [], subject: Describe(image), artifactType: "a/signature");
        await PutAsync(referrer);
        var last = await LastNumberAsync();

        Assert.True((await DeleteAsync(image)).IsSoft);
        Assert.True((await DeleteAsync(referrer)).IsSoft);

        Assert.Null(await FindAsync(App, image.Digest));
        Assert.Null(await FindAsync(App, "v1"));
        Assert.Null(await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token));
        Assert.Empty((await Store.ListReferrersAsync(Registry, App, image.Digest, null, 0, 10, Token)).Items);
        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
        Assert.Equal(DeleteOutcome.Unknown, (await DeleteAsync(image)).Outcome);
        Assert.False(await Store.LockManifestAsync(Registry, App, image.Digest, new LockChanges(Locks.Delete, Locks.None), Alice, Token));
        Assert.Equal(
            [LedgerKinds.TagDeleted, LedgerKinds.TagDeleted, LedgerKinds.ManifestSoftDeleted, LedgerKinds.ManifestSoftDeleted], await KindsAfterAsync(last));

        // Nothing of it is collected, and none of its blobs is deleted under it.
        Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(0, (await Store.ReviewMembershipsAsync(100, Token)).Ended);
        var layer = image.Manifest.Layers[0].Digest;
        Assert.Equal(
            new DeleteResult(DeleteOutcome.Held, image.Digest, Now.AddDays(Days - 3)), await Store.DeleteBlobAsync(Registry, App, layer, Alice, Token));
        var index = Index(Registry, App, [Describe(image)]);
        Assert.Equal(PutManifestOutcome.Missing, (await Store.PutManifestAsync(index, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task Usage_counts_the_bytes_of_what_is_deleted_and_neither_manifests_nor_tags()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1");
        await PushImageAsync(App, "other", "v2");
        var before = (await Store.FindRepositoryAsync(Registry, App, Token))!;
        var registryBytes = (await Store.ReadRegistryUsageAsync(Registry, Token)).Bytes;

        await DeleteAsync(image);
        var after = (await Store.FindRepositoryAsync(Registry, App, Token))!;
        Assert.Equal((before.Bytes, before.Blobs, 1, 1), (after.Bytes, after.Blobs, after.Manifests, after.Tags));
        Assert.Equal(registryBytes, (await Store.ReadRegistryUsageAsync(Registry, Token)).Bytes);

        await RestoreAsync(image);
        Assert.Equal(before with { UpdatedAt = default }, (await Store.FindRepositoryAsync(Registry, App, Token))! with { UpdatedAt = default });
    }

    [Fact]
    public async Task What_is_deleted_is_listed_page_by_page()
    {
        await KeepAsync();
        var images = new List<NewManifest>();
        for (var i = 0; i < 5; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        await PushImageAsync(App, "stays", "stays");
        foreach (var image in images) await DeleteAsync(image);
        foreach (var name in (string[])["team/app-2", "team/a", "team/app/x"])
        {
            var repository = RepositoryName.Parse(name);
            await Store.DeleteManifestAsync(Registry, repository, (await PushImageAsync(repository, "image", "v1")).Digest, Now + Grace, Alice, Token);
        }

        Assert.Equal(
            images.Select(image => image.Digest.ToString()).Order(StringComparer.Ordinal),
            await WalkAsync(
                async after => (await Store.ListDeletedManifestsAsync(Registry, App, after is null ? default : Digest.Parse(after), 2, Token))!,
                deleted => deleted.Digest.ToString()));
        Assert.Equal(["team/a", "team/app", "team/app-2", "team/app/x"], await RepositoriesAsync(NameRange.All));
        Assert.Equal(["team/app", "team/app/x"], await RepositoriesAsync(NameRange.Of(App), new NameRange("team/app/", "team/app0")));
        Assert.Empty(await RepositoriesAsync(new NameRange("x", null)));
        var deletedAt = Assert.Single((await Store.ListDeletedRepositoriesAsync(Registry, [NameRange.Of(App)], null, 10, Token)).Items).DeletedAt;
        Assert.Equal(Now, deletedAt);
        Assert.Null(await Store.ListDeletedManifestsAsync(Registry, RepositoryName.Parse("nowhere"), default, 10, Token));
        Assert.Null(await Store.ListDeletedTagsAsync(Registry, RepositoryName.Parse("nowhere"), default, 10, Token));

        Task<IReadOnlyList<string>> RepositoriesAsync(params NameRange[] ranges) =>
            WalkAsync(after => Store.ListDeletedRepositoriesAsync(Registry, ranges, after, 1, Token), repository => repository.Name);
    }

    [Fact]
    public async Task A_tag_that_is_deleted_over_and_over_keeps_its_last_entries_the_newest_last()
    {
        await KeepAsync();
        var (first, second) = (await PushImageAsync(App, "first", "other"), await PushImageAsync(App, "second", "another"));
        for (var i = 0; i < IDeletedContent.MostEntriesOfTag + 10; i++)
        {
            await PutAsync((i % 2 == 0 ? first : second) with { Tags = [V1] });
            await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        }

        await PutAsync(first with { Tags = [Tag.Parse("v0")] });
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("v0"), Alice, Token);

        var walked = new List<DeletedTag>();
        for (var cursor = default(DeletedTagCursor); ; cursor = new DeletedTagCursor(walked[^1].Name, walked[^1].Sequence))
        {
            var page = (await Store.ListDeletedTagsAsync(Registry, App, cursor, 7, Token))!;
            walked.AddRange(page.Items);
            if (!page.More) break;
        }

        Assert.Equal(IDeletedContent.MostEntriesOfTag + 1, walked.Count);
        Assert.Equal("v0", walked[0].Name);
        Assert.Equal(("v1", second.Digest), (walked[^1].Name, walked[^1].Digest));
        Assert.Equal(walked.Count, walked.Select(tag => tag.Sequence).Distinct().Count());
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(new ExpiryResult(Deleted: 0, PutOff: 0, Tags: walked.Count, Restorable: 0, More: false), await ExpireAsync());
        Assert.Empty((await Store.ListDeletedTagsAsync(Registry, App, default, 10, Token))!.Items);
        Assert.NotNull(await FindAsync(App, first.Digest));
    }

    [Fact]
    public async Task What_is_locked_is_not_deleted_and_nothing_is_restored_into_what_must_not_be_written()
    {
        await KeepAsync();
        var (image, locked) = (await PushImageAsync(App, "image", "v1"), await PushImageAsync(App, "locked", "v2"));
        await Store.LockManifestAsync(Registry, App, locked.Digest, new LockChanges(Locks.Delete, Locks.None), Alice, Token);
        await Assert.ThrowsAsync<LockedException>(() => DeleteAsync(locked));
        await DeleteAsync(image);
        await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(new LockChanges(Locks.Write, Locks.None)), Alice, Token);

        await Assert.ThrowsAsync<LockedException>(() => RestoreAsync(image));
        await Assert.ThrowsAsync<LockedException>(() => PurgeAsync(image));
        Assert.Null(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task Where_nothing_is_kept_a_deletion_is_for_good()
    {
        var image = await PushImageAsync(App, "image", "v1");

        Assert.False((await DeleteAsync(image)).IsSoft);

        Assert.Null(await Store.ListDeletedManifestsAsync(Registry, App, default, 10, Token));
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image)).Outcome);
    }
}
