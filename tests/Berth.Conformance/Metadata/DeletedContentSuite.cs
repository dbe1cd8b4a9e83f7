using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Deleted content of a registry that keeps it: absent for everybody, restorable for its days, then gone for good.</summary>
public abstract class DeletedContentSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const int Days = 30;

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
    public async Task A_manifest_comes_back_with_the_tags_it_had_where_they_are_free()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1", "v2", "before");
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("before"), Alice, Token);
        Time.Advance(TimeSpan.FromHours(1));
        await DeleteAsync(image);
        var other = await PushImageAsync(App, "other", "v2");
        var last = await LastNumberAsync();

        var result = await RestoreAsync(image);

        Assert.Equal((RestoreOutcome.Restored, image.Digest, "v1"), (result.Outcome, Assert.Single(result.Manifests), Assert.Single(result.Tags)));
        Assert.Equal(image.Bytes, (await FindAsync(App, "v1"))!.Bytes);
        Assert.Equal(other.Digest, (await FindAsync(App, "v2"))!.Digest);
        Assert.Null(await FindAsync(App, "before"));
        Assert.Equal([LedgerKinds.ManifestRestored, LedgerKinds.TagSet], await KindsAfterAsync(last));
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image)).Outcome);
        Assert.Empty((await Store.ListDeletedManifestsAsync(Registry, App, default, 10, Token))!.Items);
    }

    [Fact]
    public async Task A_tag_that_names_another_manifest_is_taken_only_by_force_and_never_when_it_is_locked()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1");
        await DeleteAsync(image);
        var other = await PushImageAsync(App, "other", "v1");

        Assert.Equal(RestoreOutcome.TagTaken, (await RestoreAsync(image, V1)).Outcome);
        Assert.Equal(other.Digest, (await RestoreAsync(image, V1)).Holder);
        Assert.Null(await FindAsync(App, image.Digest));
        await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.Write, Locks.None), Alice, Token);
        await Assert.ThrowsAsync<LockedException>(() => RestoreAsync(image, V1, force: true));
        Assert.Null(await FindAsync(App, image.Digest));
        await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.None, Locks.Write), Alice, Token);
        Assert.Equal(RestoreOutcome.Restored, (await RestoreAsync(image, V1, force: true)).Outcome);
        Assert.Equal(image.Digest, (await FindAsync(App, "v1"))!.Digest);
        Assert.NotNull(await FindAsync(App, other.Digest));
    }

    [Fact]
    public async Task A_tag_comes_back_to_the_manifest_it_was_deleted_from_and_to_no_other()
    {
        await KeepAsync();
        var (image, other) = (await PushImageAsync(App, "image", "v1", "stays"), await PushImageAsync(App, "other", "o"));
        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);

        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image)).Outcome);
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(other, V1)).Outcome);
        Assert.Equal(RestoreOutcome.Unknown, (await RestoreAsync(image, Tag.Parse("never"))).Outcome);
        var result = await RestoreAsync(image, V1);

        Assert.Equal((RestoreOutcome.Restored, 0, "v1"), (result.Outcome, result.Manifests.Count, Assert.Single(result.Tags)));
        Assert.Equal(image.Digest, (await FindAsync(App, "v1"))!.Digest);
        Assert.Empty((await Store.ListDeletedRepositoriesAsync(Registry, [NameRange.All], null, 10, Token)).Items);
    }

    [Fact]
    public async Task An_index_comes_back_with_what_it_lists_at_any_depth()
    {
        await KeepAsync();
        var (leaf, other) = (await PushImageAsync(App, "leaf"), await PushImageAsync(App, "other leaf"));
        var inner = Index(Registry, App, [Describe(leaf)]);
        await PutAsync(inner);
        var outer = Index(Registry, App, [Describe(inner), Describe(other)], tags: "multi");
        await PutAsync(outer);
        foreach (var manifest in (NewManifest[])[outer, inner, leaf, other])
        {
            Assert.True((await DeleteAsync(manifest)).IsSoft);
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(RestoreOutcome.Restored, (await RestoreAsync(leaf)).Outcome);
        Assert.Null(await FindAsync(App, inner.Digest));
        var result = await RestoreAsync(outer);

        Assert.Equal(new[] { outer, inner, other }.Select(manifest => manifest.Digest).ToHashSet(), result.Manifests.ToHashSet());
        foreach (var manifest in (NewManifest[])[outer, inner, leaf, other]) Assert.NotNull(await FindAsync(App, manifest.Digest));
        Assert.Equal(DeleteOutcome.Held, (await DeleteAsync(leaf)).Outcome);
    }

    [Fact]
    public async Task A_repository_comes_back_with_its_referrers_and_one_that_went_before_stays_deleted()
    {
        await KeepAsync();
        var subject = await PushImageAsync(App, "subject", "v1");
        var signature = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/signature");
        var revoked = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/revoked");
        foreach (var referrer in (NewManifest[])[signature, revoked]) await PutAsync(referrer);
        await DeleteAsync(revoked);
        Time.Advance(TimeSpan.FromHours(1));
        for (RepositoryDeletionCursor? cursor = null; ;)
        {
            var step = await Store.DeleteRepositoryStepAsync(Registry, App, cursor, Now + Grace, Alice, Token);
            if ((cursor = step.Next) is null) break;
            Time.Advance(TimeSpan.FromMilliseconds(5));
        }

        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
        var result = await RestoreAsync(subject);

        Assert.Equal(new[] { subject, signature }.Select(manifest => manifest.Digest).ToHashSet(), result.Manifests.ToHashSet());
        Assert.Equal(signature.Digest, Assert.Single((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 10, Token)).Items).Digest);
        Assert.Equal(subject.Digest, (await FindAsync(App, "v1"))!.Digest);
    }

    [Fact]
    public async Task A_push_of_a_deleted_digest_brings_it_back()
    {
        await KeepAsync();
        var image = await PushImageAsync(App, "image", "v1");
        await DeleteAsync(image);

        await PutAsync(image with { Tags = [Tag.Parse("v2")] });

        Assert.Equal(image.Bytes, (await FindAsync(App, "v2"))!.Bytes);
        Assert.Null(await FindAsync(App, "v1"));
        Assert.Empty((await Store.ListDeletedManifestsAsync(Registry, App, default, 10, Token))!.Items);
        Assert.Equal(RestoreOutcome.Restored, (await RestoreAsync(image, V1)).Outcome);
        Time.Advance(TimeSpan.FromDays(2 * Days));
        await ExpireAsync();
        Assert.NotNull(await FindAsync(App, "v1"));
    }

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

    private Task KeepAsync() => SetAsync(isEnabled: true, Days);

    private async Task SetAsync(bool isEnabled, int? days) =>
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(isEnabled, days) }, Alice, Token);

    private Task<DeleteResult> DeleteAsync(NewManifest manifest) => Store.DeleteManifestAsync(Registry, App, manifest.Digest, Now + Grace, Alice, Token);

    private Task<RestoreResult> RestoreAsync(NewManifest manifest, Tag? tag = null, bool force = false) =>
        Store.RestoreManifestAsync(Registry, App, manifest.Digest, tag, force, Alice, Token);

    private Task<DeleteResult> PurgeAsync(NewManifest manifest) => Store.PurgeManifestAsync(Registry, App, manifest.Digest, Now + Grace, Alice, Token);

    private async Task<Descriptor> PushToAsync(long registry, string text)
    {
        var content = Content(text);
        var id = NewId();
        var upload = await Store.OpenUploadAsync(
            new NewUpload(id, registry, App, $"at/{id}", DigestAlgorithm.Sha256, Now + Grace, Now.AddMinutes(1)), Alice, Token);
        Assert.True(await Store.CompleteUploadAsync(upload.Id, upload.Epoch, Describe(content).Digest, content.Length, Now + Grace, Now + Grace, Alice, Token));
        return Describe(content);
    }

    /// <summary>All that is due.</summary>
    private async Task<ExpiryResult> ExpireAsync()
    {
        var all = default(ExpiryResult);
        while (true)
        {
            var step = await Store.ExpireDeletedAsync(Grace, 100, Token);
            all = all with { Deleted = all.Deleted + step.Deleted, PutOff = all.PutOff + step.PutOff, Tags = all.Tags + step.Tags };
            if (!step.More) return all;
        }
    }
}
