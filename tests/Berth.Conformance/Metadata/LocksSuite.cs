using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Locks: how they are set, what they refuse in the transaction of the act, and what they let through.</summary>
public abstract class LocksSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Tag V1 = Tag.Parse("v1");

    [Fact]
    public async Task Locks_are_set_and_taken_away_one_by_one_and_stand_where_they_were_set()
    {
        var image = await PushImageAsync(App, "image", "v1");
        Assert.True(await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.Read | Locks.List, Locks.None), Alice, Token));
        Assert.True(await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.Delete, Locks.List), Alice, Token));
        Assert.True(await Store.LockManifestAsync(Registry, App, image.Digest, new LockChanges(Locks.Write, Locks.Read), Alice, Token));
        Assert.True(await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(new LockChanges(Locks.List, Locks.None)), Alice, Token));

        var found = (await FindAsync(App, "v1"))!;
        Assert.Equal((Locks.List, Locks.Read | Locks.Delete, Locks.Write), (found.RepositoryLocks, found.TagLocks, found.Locks));
        found = (await FindAsync(App, image.Digest))!;
        Assert.Equal((Locks.List, Locks.None, Locks.Write), (found.RepositoryLocks, found.TagLocks, found.Locks));
        Assert.Equal(Locks.Read | Locks.Delete, (await Store.FindTagAsync(Registry, App, V1, Token))!.Locks);
        Assert.Equal(Locks.Write, (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!.Locks);
        Assert.False(await Store.LockTagAsync(Registry, App, Tag.Parse("v2"), default, Alice, Token));
        Assert.False(await Store.LockManifestAsync(Registry, Other, image.Digest, default, Alice, Token));
    }

    [Fact]
    public async Task A_refusal_names_what_is_locked_and_leaves_no_trace()
    {
        var (one, two) = (await PushImageAsync(App, "one", "v1"), await PushImageAsync(App, "two", "v2"));
        await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.Delete | Locks.Write, Locks.None), Alice, Token);
        await Store.LockManifestAsync(Registry, App, two.Digest, new LockChanges(Locks.Delete, Locks.None), Alice, Token);
        var last = await LastNumberAsync();

        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [Tag.Parse("v3"), V1] }, Alice, Token), Reference.To(V1), Locks.Write);
        await ExpectAsync(() => Store.DeleteTagAsync(Registry, App, V1, Alice, Token), Reference.To(V1), Locks.Write);
        await ExpectAsync(() => Store.DeleteManifestAsync(Registry, App, one.Digest, Now, Alice, Token), Reference.To(V1), Locks.Write);
        await ExpectAsync(() => Store.DeleteManifestAsync(Registry, App, two.Digest, Now, Alice, Token), Reference.To(two.Digest), Locks.Delete);
        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now, Alice, Token), Reference.To(V1), Locks.Write);
        await Store.LockTagAsync(Registry, App, V1, new LockChanges(Locks.None, Locks.Delete | Locks.Write), Alice, Token);
        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now, Alice, Token), Reference.To(two.Digest), Locks.Delete);

        Assert.Equal([LedgerKinds.TagLocked], await KindsAfterAsync(last));
        Assert.Equal((one.Digest, two.Digest), ((await FindAsync(App, "v1"))!.Digest, (await FindAsync(App, "v2"))!.Digest));
    }

    [Fact]
    public async Task A_locked_repository_takes_nothing_and_gives_nothing_up()
    {
        var blob = await PushBlobAsync(App, "blob");
        var elsewhere = await PushBlobAsync(Other, "elsewhere");
        var image = await PushImageAsync(App, "image", "v1");
        var upload = await OpenAsync(App, writing: true);
        await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(new LockChanges(Locks.Write, Locks.None)), Alice, Token);
        var last = await LastNumberAsync();

        await ExpectAsync(() => OpenAsync(App), null, Locks.Write);
        await ExpectAsync(() => Store.CompleteUploadAsync(upload, blob.Digest, blob.Size, Now, Now, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.MountBlobAsync(Registry, App, elsewhere.Digest, Other, [], Now, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.PutManifestAsync(image with { Tags = [Tag.Parse("v2")] }, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.DeleteTagAsync(Registry, App, V1, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.DeleteManifestAsync(Registry, App, image.Digest, Now, Alice, Token), null, Locks.Write);
        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now, Alice, Token), null, Locks.Write);
        Assert.Equal(last, await LastNumberAsync());

        // The session is what it was, and ends well once the repository is unlocked.
        Assert.Equal(UploadState.Open, (await Store.FindUploadAsync(Registry, App, upload.Id, Token))!.State);
        await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(new LockChanges(Locks.None, Locks.Write)), Alice, Token);
        Assert.True(await Store.CompleteUploadAsync(upload, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token));
    }

    [Fact]
    public async Task A_push_that_changes_nothing_passes_every_lock()
    {
        var image = await PushImageAsync(App, "image", "v1", "v2");
        await LockEverythingAsync(image);
        var last = await LastNumberAsync();

        await PutAsync(image);
        await PutAsync(image with { Tags = [] });

        Assert.Equal(last, await LastNumberAsync());
    }

    [Fact]
    public async Task A_damaged_manifest_is_healed_whatever_is_locked()
    {
        var image = await PushImageAsync(App, "image", "v1");
        var sequence = (await Store.WalkManifestsAsync(0, 10, Token)).Single().Sequence;
        await LockEverythingAsync(image);
        await Store.MarkManifestAsync(sequence, image.Digest, damaged: true, Token);
        Assert.Null(await FindAsync(App, "v1"));

        await PutAsync(image);

        Assert.Equal(image.Bytes, (await FindAsync(App, "v1"))!.Bytes);
    }

    [Fact]
    public async Task What_is_locked_while_a_repository_is_deleted_stays_with_what_is_left()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 60; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        var last = images.MaxBy(image => image.Digest)!;
        var step = await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token);
        Assert.NotNull(step.Next);
        await Store.LockTagAsync(Registry, App, last.Tags[0], new LockChanges(Locks.Delete, Locks.None), Alice, Token);

        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, step.Next, Now + Grace, Alice, Token), Reference.To(last.Tags[0]), Locks.Delete);

        Assert.Equal(60 - step.Manifests.Count, (await Store.FindRepositoryAsync(Registry, App, Token))!.Manifests);
        Assert.NotNull(await FindAsync(App, last.Digest));
    }

    [Fact]
    public async Task A_source_that_must_not_be_pulled_from_gives_no_blob()
    {
        var blob = await PushBlobAsync(Other, "blob");
        await PushImageAsync(Other, "image");
        await Store.UpdateRepositoryAsync(Registry, Other, new RepositoryChanges(new LockChanges(Locks.Read, Locks.None)), Alice, Token);

        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, Other, [], Now + Grace, Alice, Token));
        Assert.Null(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [NameRange.All], Now + Grace, Alice, Token));
        Assert.Equal(Locks.Read, (await Store.FindBlobAsync(Registry, Other, blob.Digest, Token))!.RepositoryLocks);
        var third = RepositoryName.Parse("team/third");
        await PushBlobAsync(third, "blob");
        Assert.NotNull(await Store.MountBlobAsync(Registry, App, blob.Digest, null, [NameRange.All], Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task Lists_leave_out_what_must_not_be_listed_and_reports_do_not()
    {
        for (var i = 0; i < 40; i++)
        {
            var repository = RepositoryName.Parse($"r/{i:d2}");
            var index = Index(Registry, repository, [], tags: "v1");
            await PutAsync(index);
            if (i % 13 == 0) continue;
            await Store.UpdateRepositoryAsync(Registry, repository, new RepositoryChanges(new LockChanges(Locks.List, Locks.None)), Alice, Token);
        }

        Assert.Equal(
            ["r/00", "r/13", "r/26", "r/39"], await WalkAsync(last => Store.ListRepositoriesAsync(Registry, [NameRange.All], last, 1, Token), name => name));
        Assert.Equal(40, (await WalkAsync(last => Store.ListEveryRepositoryAsync(Registry, [NameRange.All], last, 3, Token), name => name)).Distinct().Count());
        var first = await Store.ListRepositoriesAsync(Registry, [new NameRange("r/01", "r/20")], null, 1, Token);
        Assert.Equal((0, true), (first.Items.Count, first.More));
    }

    private async Task LockEverythingAsync(NewManifest image)
    {
        var all = new LockChanges(Locks.Delete | Locks.Write | Locks.Read | Locks.List, Locks.None);
        foreach (var tag in image.Tags) Assert.True(await Store.LockTagAsync(Registry, App, tag, all, Alice, Token));
        Assert.True(await Store.LockManifestAsync(Registry, App, image.Digest, all, Alice, Token));
        Assert.True(await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(all), Alice, Token));
    }

    private async Task ExpectAsync(Func<Task> act, Reference? locked, Locks flag)
    {
        var refusal = await Assert.ThrowsAsync<LockedException>(act);
        Assert.Equal(new StandingLock(App, locked, flag), refusal.Standing);
    }
}
