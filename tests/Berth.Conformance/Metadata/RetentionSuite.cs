using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Manifests that no tag names: deleted after the days of the policy, unless something keeps them.</summary>
public abstract class RetentionSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const int Days = 7;

    private static readonly Tag V1 = Tag.Parse("v1");

    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v2+json")]
    [InlineData("application/vnd.oci.image.manifest.v1+json")]
    public async Task An_untagged_image_goes_when_its_days_are_over_whatever_its_type(string mediaType)
    {
        await EnableAsync();
        var image = await PushImageAsync(App, "image", "v1");
        image = image with { Manifest = image.Manifest with { MediaType = mediaType }, Bytes = [.. image.Bytes, 1], Digest = Describe([.. image.Bytes, 1]).Digest };
        await PutAsync(image);
        await PushImageAsync(App, "next", "v1");
        Time.Advance(TimeSpan.FromDays(Days).Subtract(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(0, await SweepAsync());
        Time.Advance(TimeSpan.FromMilliseconds(1));
        var last = await LastNumberAsync();

        // The one that v1 named first, too.
        Assert.Equal(2, await SweepAsync());

        Assert.Null(await FindAsync(App, image.Digest));
        Assert.NotNull(await FindAsync(App, "v1"));
        var records = await Store.ReadLedgerAsync(last, 10, Token);
        Assert.All(records, record => Assert.Equal((LedgerKinds.ManifestDeleted, "system", """{"policy":"retention"}"""), (record.Kind, record.Actor, record.Payload)));
    }

    [Fact]
    public async Task The_days_count_from_the_loss_of_the_last_tag_also_before_the_policy_was_enabled()
    {
        var image = await PushImageAsync(App, "image", "v1", "v2");
        Time.Advance(TimeSpan.FromDays(30));
        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("v2"), Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days - 1));
        await EnableAsync();
        Assert.Equal(0, await SweepAsync());
        Time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task An_image_that_was_tagged_again_stays()
    {
        await EnableAsync();
        var image = await PushImageAsync(App, "image", "v1");
        await PushImageAsync(App, "next", "v1");
        Time.Advance(TimeSpan.FromDays(Days - 1));
        await PutAsync(image with { Tags = [Tag.Parse("kept")] });
        Time.Advance(TimeSpan.FromDays(10 * Days));

        Assert.Equal(0, await SweepAsync());
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("kept"), Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days - 1));
        Assert.Equal(0, await SweepAsync());
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, await SweepAsync());
    }

    [Fact]
    public async Task Siblings_that_share_a_digest_keep_it_for_each_other()
    {
        await EnableAsync();
        var image = await PushImageAsync(App, "image", "v1", "v2");
        foreach (var blob in (Descriptor[])[image.Manifest.Config!.Value, .. image.Manifest.Layers])
            await Store.MountBlobAsync(Registry, Other, blob.Digest, App, [NameRange.All], Now + Grace, Alice, Token);
        await PutAsync(image with { Repository = Other, Tags = [V1] });
        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(0, await SweepAsync());

        await Store.DeleteTagAsync(Registry, App, Tag.Parse("v2"), Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, image.Digest));
        Assert.NotNull(await FindAsync(Other, "v1"));
        Time.Advance(Grace);
        await Store.ReviewMembershipsAsync(100, Token);
        Assert.NotNull(await Store.FindBlobAsync(Registry, Other, image.Manifest.Layers[0].Digest, Token));
    }

    [Fact]
    public async Task Repositories_whose_names_begin_alike_are_not_taken_for_each_other()
    {
        await EnableAsync();
        var names = new[] { "team/app", "team/app-x", "team/app/x", "team/ap" }.Select(RepositoryName.Parse).ToList();
        foreach (var name in names) await PushImageAsync(name, "image", "v1");
        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));

        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, "v1"));
        foreach (var name in names.Skip(1)) Assert.NotNull(await FindAsync(name, "v1"));
    }

    [Fact]
    public async Task Children_of_an_index_stay_with_it_and_go_with_it_unless_something_else_keeps_them()
    {
        await EnableAsync();
        await KeepDeletedAsync();
        var (only, shared, tagged) = (await PushImageAsync(App, "only"), await PushImageAsync(App, "shared"), await PushImageAsync(App, "tagged", "arm64"));
        var index = Index(Registry, App, [Describe(only), Describe(shared), Describe(tagged)], tags: "v1");
        var other = Index(Registry, App, [Describe(shared)], tags: "other");
        foreach (var manifest in (NewManifest[])[index, other]) await PutAsync(manifest);
        Time.Advance(TimeSpan.FromDays(3 * Days));
        Assert.Equal(0, await SweepAsync());

        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(2, await SweepAsync());
        Assert.Null(await FindAsync(App, index.Digest));
        Assert.Null(await FindAsync(App, only.Digest));
        Assert.NotNull(await FindAsync(App, shared.Digest));
        Assert.NotNull(await FindAsync(App, "arm64"));

        // One act, which is undone as one.
        Assert.Equal(2, (await Store.RestoreManifestAsync(Registry, App, index.Digest, V1, false, Alice, Token)).Manifests.Count);
        Time.Advance(TimeSpan.FromDays(3 * Days));
        Assert.Equal(0, await SweepAsync());
    }

    [Fact]
    public async Task Children_of_an_index_that_a_client_deleted_have_their_days_from_then_on()
    {
        await EnableAsync();
        var child = await PushImageAsync(App, "child");
        var index = Index(Registry, App, [Describe(child)], tags: "v1");
        await PutAsync(index);
        for (var day = 0; day < 2 * Days; day++)
        {
            Time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(0, await SweepAsync());
        }

        await Store.DeleteManifestAsync(Registry, App, index.Digest, Now + Grace, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days - 1));
        Assert.Equal(0, await SweepAsync());
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, await SweepAsync());
    }

    [Fact]
    public async Task A_signature_stays_with_its_subject_and_goes_and_comes_back_with_it()
    {
        await EnableAsync();
        await KeepDeletedAsync();
        var subject = await PushImageAsync(App, "subject", "v1");
        var signature = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/signature");
        await PutAsync(signature);
        var countersigned = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(signature), artifactType: "a/countersignature");
        await PutAsync(countersigned);
        Time.Advance(TimeSpan.FromDays(3 * Days));
        Assert.Equal(0, await SweepAsync());

        await Store.DeleteTagAsync(Registry, App, V1, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(3, await SweepAsync());
        Assert.Empty((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 10, Token)).Items);
        Assert.Equal(3, (await Store.RestoreManifestAsync(Registry, App, subject.Digest, V1, false, Alice, Token)).Manifests.Count);
        Assert.Equal(signature.Digest, Assert.Single((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 10, Token)).Items).Digest);
    }

    [Fact]
    public async Task A_signature_waits_for_a_deleted_subject_that_can_be_restored()
    {
        await EnableAsync();
        await KeepDeletedAsync();
        var subject = await PushImageAsync(App, "subject", "v1");
        var signature = Image(Registry, App, subject.Manifest.Config!.Value, [], subject: Describe(subject), artifactType: "a/signature");
        await PutAsync(signature);
        await Store.DeleteManifestAsync(Registry, App, subject.Digest, Now + Grace, Alice, Token);
        Time.Advance(TimeSpan.FromDays(2 * Days));
        Assert.Equal(0, await SweepAsync());

        await Store.PurgeManifestAsync(Registry, App, subject.Digest, Now + Grace, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, signature.Digest));
    }

    [Fact]
    public async Task What_is_locked_stays_and_goes_a_day_after_it_is_unlocked()
    {
        await EnableAsync();
        var (byDelete, byWrite, hidden) = (await PushImageAsync(App, "one"), await PushImageAsync(App, "two"), await PushImageAsync(App, "three"));
        var ofLocked = await PushImageAsync(Other, "four");
        await Store.LockManifestAsync(Registry, App, byDelete.Digest, new LockChanges(Locks.Delete, Locks.None), Alice, Token);
        await Store.LockManifestAsync(Registry, App, byWrite.Digest, new LockChanges(Locks.Write, Locks.None), Alice, Token);
        await Store.LockManifestAsync(Registry, App, hidden.Digest, new LockChanges(Locks.List | Locks.Read, Locks.None), Alice, Token);
        await Store.UpdateRepositoryAsync(Registry, Other, new RepositoryChanges(new LockChanges(Locks.Delete, Locks.None)), Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days));

        var first = await Store.DeleteUntaggedAsync(Grace, 100, Token);
        Assert.Equal((1, 3), (first.Deleted, first.PutOff));
        Assert.Null(await FindAsync(App, hidden.Digest));

        // They are not looked at again before a day is over.
        Assert.Equal(default, await Store.DeleteUntaggedAsync(Grace, 100, Token));
        foreach (var manifest in (NewManifest[])[byDelete, byWrite])
            await Store.LockManifestAsync(Registry, App, manifest.Digest, new LockChanges(Locks.None, Locks.Delete | Locks.Write), Alice, Token);
        await Store.UpdateRepositoryAsync(Registry, Other, new RepositoryChanges(new LockChanges(Locks.None, Locks.Delete)), Alice, Token);
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(3, await SweepAsync());
        Assert.Null(await FindAsync(Other, ofLocked.Digest));
    }

    [Fact]
    public async Task Without_days_an_untagged_manifest_goes_at_once_but_not_within_the_grace_of_its_push()
    {
        await EnableAsync(days: 0);
        var old = await PushImageAsync(App, "old", "v1");
        Time.Advance(Grace);
        var pushed = await PushImageAsync(App, "pushed by digest");
        await PushImageAsync(App, "next", "v1");

        Assert.Equal(1, await SweepAsync());
        Assert.Null(await FindAsync(App, old.Digest));

        // The push is repeated, as by a client that comes to its index next.
        Time.Advance(Grace / 2);
        await PutAsync(pushed);
        Time.Advance(Grace / 2);
        Assert.Equal(0, await SweepAsync());
        var index = Index(Registry, App, [Describe(pushed)], tags: "multi");
        await PutAsync(index);
        Time.Advance(2 * Grace);
        Assert.Equal(0, await SweepAsync());
        Assert.NotNull(await FindAsync(App, pushed.Digest));
    }

    [Fact]
    public async Task A_restored_manifest_has_its_days_again()
    {
        await EnableAsync();
        await KeepDeletedAsync();
        var image = await PushImageAsync(App, "image");
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(1, await SweepAsync());

        await Store.RestoreManifestAsync(Registry, App, image.Digest, null, false, Alice, Token);
        Time.Advance(TimeSpan.FromDays(Days - 1));
        Assert.Equal(0, await SweepAsync());
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, await SweepAsync());
    }

    [Fact]
    public async Task A_digest_that_is_pushed_again_after_its_deletion_is_whole()
    {
        await EnableAsync();
        var image = await PushImageAsync(App, "image");
        Time.Advance(TimeSpan.FromDays(Days));
        Assert.Equal(1, await SweepAsync());
        Time.Advance(Grace);
        await Store.ReviewMembershipsAsync(100, Token);
        Assert.Equal(PutManifestOutcome.Missing, (await Store.PutManifestAsync(image, Alice, Token)).Outcome);

        var again = await PushImageAsync(App, "image", "v1");
        Assert.Equal(image.Digest, again.Digest);
        Assert.Equal(image.Bytes, (await FindAsync(App, "v1"))!.Bytes);
    }

    [Fact]
    public async Task Nothing_goes_while_the_policy_is_off_or_the_registry_is_deleted()
    {
        await PushImageAsync(App, "image");
        Time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(0, await SweepAsync());
        await EnableAsync();
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.Equal(0, await SweepAsync());
    }

    [Fact]
    public async Task A_step_deletes_a_bounded_number_and_the_next_goes_on()
    {
        await EnableAsync();
        for (var i = 0; i < 50; i++) await PushImageAsync(App, $"image {i}");
        Time.Advance(TimeSpan.FromDays(Days));

        var step = await Store.DeleteUntaggedAsync(Grace, 200, Token);
        Assert.True(step is { Deleted: > 0 and < 30, More: true }, step.ToString());
        Assert.Equal(50 - step.Deleted, await SweepAsync());
        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
    }

    private async Task EnableAsync(int days = Days) => await Store.UpdateRegistryAsync(Registry, new RegistryChanges { Retention = new(true, days) }, Alice, Token);

    private async Task KeepDeletedAsync() => await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, 90) }, Alice, Token);

    /// <summary>Deletes all that is due; returns how many.</summary>
    private async Task<int> SweepAsync()
    {
        for (var deleted = 0; ;)
        {
            var step = await Store.DeleteUntaggedAsync(Grace, 100, Token);
            deleted += step.Deleted;
            if (!step.More) return deleted;
        }
    }
}
