using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Deleting manifests and tags.</summary>
public abstract class ManifestDeletionSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_deleted_manifest_takes_its_tags_along_and_the_ledger_says_each()
    {
        var image = await PushImageAsync(App, "image", "b", "a");
        await PushImageAsync(App, "other", "c");
        var last = await LastNumberAsync();

        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token)).Outcome);

        Assert.Null(await FindAsync(App, image.Digest));
        Assert.Null(await FindAsync(App, "a"));
        Assert.Equal(["c"], (await Store.ListTagsAsync(Registry, App, null, 10, Token))!.Items);
        Assert.Equal([LedgerKinds.TagDeleted, LedgerKinds.TagDeleted, LedgerKinds.ManifestDeleted], await KindsAfterAsync(last));
        Assert.Equal(DeleteOutcome.Unknown, (await Store.DeleteManifestAsync(Registry, App, image.Digest, Now, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_repository_goes_with_its_last_manifest_and_comes_back_with_the_next()
    {
        var image = await PushImageAsync(App, "image", "v1");

        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token);

        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
        Assert.Null(await Store.ListTagsAsync(Registry, App, null, 10, Token));
        Assert.Empty((await Store.ListRepositoriesAsync(Registry, [NameRange.All], null, 10, Token)).Items);
        await PutAsync(image);
        Assert.True(await Store.RepositoryExistsAsync(Registry, App, Token));
        Assert.Equal(image.Digest, (await FindAsync(App, "v1"))!.Digest);
    }

    [Fact]
    public async Task A_child_of_a_kept_index_is_held_until_the_index_goes()
    {
        var child = await PushImageAsync(App, "child");
        var index = Index(Registry, App, [Describe(child)], tags: "multi");
        await PutAsync(index);

        Assert.Equal(new DeleteResult(DeleteOutcome.Held, index.Digest), await Store.DeleteManifestAsync(Registry, App, child.Digest, Now, Alice, Token));
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, index.Digest, Now, Alice, Token)).Outcome);
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, child.Digest, Now, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task Blobs_that_lose_their_last_manifest_get_a_lease()
    {
        var shared = await PushBlobAsync(App, "shared");
        var own = await PushBlobAsync(App, "own");
        var first = Image(Registry, App, shared, [own]);
        var second = Image(Registry, App, shared, []);
        await PutAsync(first);
        await PutAsync(second);
        Time.Advance(TimeSpan.FromDays(2));
        await Store.ReviewMembershipsAsync(100, Token);

        await Store.DeleteManifestAsync(Registry, App, first.Digest, Now + Grace, Alice, Token);

        var ownBlob = await Store.FindBlobAsync(Registry, App, own.Digest, Token);
        Assert.Equal((Now + Grace, false), (ownBlob!.LeaseUntil, ownBlob.Referenced));
        Assert.True((await Store.FindBlobAsync(Registry, App, shared.Digest, Token))!.Referenced);
        Time.Advance(Grace);
        Assert.Equal(1, (await Store.ReviewMembershipsAsync(100, Token)).Ended);
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, shared.Digest, Token));
    }

    [Fact]
    public async Task Referrers_stay_listed_when_their_subject_goes()
    {
        var subject = await PushImageAsync(App, "subject");
        var referrer = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/signature");
        await PutAsync(referrer);

        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, subject.Digest, Now + Grace, Alice, Token)).Outcome);

        Assert.Equal(referrer.Digest, Assert.Single((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 10, Token)).Items).Digest);
    }

    [Fact]
    public async Task A_subject_is_found_in_a_range_while_a_manifest_names_it()
    {
        var subject = await PushImageAsync(App, "subject");
        var referrer = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/signature");
        await PutAsync(referrer);
        var (low, high) = (Digest.Parse($"sha256:{subject.Digest.Hex[..8].PadRight(64, '0')}"), Digest.Parse($"sha256:{subject.Digest.Hex[..8].PadRight(64, 'f')}"));

        Assert.Equal(subject.Digest, await Store.FindSubjectAsync(Registry, App, subject.Digest, subject.Digest, Token));
        Assert.Equal(subject.Digest, await Store.FindSubjectAsync(Registry, App, low, high, Token));
        Assert.Null(await Store.FindSubjectAsync(Registry, App, referrer.Digest, referrer.Digest, Token));
        Assert.Null(await Store.FindSubjectAsync(Registry, RepositoryName.Parse("elsewhere"), low, high, Token));

        await Store.DeleteManifestAsync(Registry, App, referrer.Digest, Now + Grace, Alice, Token);
        Assert.Null(await Store.FindSubjectAsync(Registry, App, low, high, Token));
    }

    [Fact]
    public async Task An_untagged_manifest_stays()
    {
        var image = await PushImageAsync(App, "image", "v1");

        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token)).Outcome);

        Assert.Null(await FindAsync(App, "v1"));
        Assert.NotNull(await FindAsync(App, image.Digest));
        Assert.Equal(DeleteOutcome.Unknown, (await Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token)).Outcome);
        Assert.Equal(DeleteOutcome.Unknown, (await Store.DeleteTagAsync(Registry, Other, Tag.Parse("v1"), Alice, Token)).Outcome);
        Assert.Empty((await Store.ListTagsAsync(Registry, App, null, 10, Token))!.Items);
    }

    [Fact]
    public async Task What_comes_back_is_newer_than_its_tombstone_even_when_the_clock_went_back()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token);
        var deletedAt = (await Store.ReadLedgerAsync(0, 1000, Token)).Max(record => record.HybridTime);
        Time.AdjustTime(Now.AddHours(-3));
        var last = await LastNumberAsync();

        await PutAsync(image);

        Assert.All(await Store.ReadLedgerAsync(last, 10, Token), record => Assert.True(record.HybridTime > deletedAt));
    }
}
