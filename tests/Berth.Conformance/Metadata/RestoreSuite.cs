using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>How deleted content comes back, with what belongs to it and the tags that it had.</summary>
public abstract class RestoreSuite<TDatabase> : KeptDeletions<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Tag V1 = Tag.Parse("v1");

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
}
