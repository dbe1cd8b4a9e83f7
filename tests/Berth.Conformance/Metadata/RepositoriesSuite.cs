using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Repositories as a whole: what is known of them, their tags, their deletion.</summary>
public abstract class RepositoriesSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_repository_is_known_while_it_holds_a_manifest()
    {
        Assert.Null(await Store.FindRepositoryAsync(Registry, App, Token));
        Assert.Null(await Store.ListTagRecordsAsync(Registry, App, null, null, 10, Token));

        var image = await PushImageAsync(App, "image", "a", "b");
        await PushImageAsync(App, "other");

        Assert.Equal((2, false), (await Store.FindRepositoryAsync(Registry, App, Token)) is { } found ? (found.Manifests, found.AnonymousPull) : default);
        var first = await Store.ListTagRecordsAsync(Registry, App, null, null, 1, Token);
        Assert.Equal(("a", image.Digest, true, "a"), (first!.Items.Single().Name, first.Items.Single().Digest, first.More, first.Last));
        var second = await Store.ListTagRecordsAsync(Registry, App, null, first.Last, 1, Token);
        Assert.Equal(("b", false), (second!.Items.Single().Name, second.More));
    }

    [Fact]
    public async Task The_tags_of_one_manifest_are_listed_page_by_page()
    {
        var image = await PushImageAsync(App, "image", "a", "c", "e");
        var other = await PushImageAsync(App, "other", "b");
        var untagged = await PushImageAsync(App, "untagged");

        var first = await Store.ListTagRecordsAsync(Registry, App, image.Digest, null, 2, Token);
        Assert.Equal([("a", image.Digest), ("c", image.Digest)], first!.Items.Select(tag => (tag.Name, tag.Digest)));
        Assert.Equal((true, "c"), (first.More, first.Last));
        var second = await Store.ListTagRecordsAsync(Registry, App, image.Digest, first.Last, 2, Token);
        Assert.Equal(("e", false), (Assert.Single(second!.Items).Name, second.More));
        Assert.Equal("b", Assert.Single((await Store.ListTagRecordsAsync(Registry, App, other.Digest, null, 2, Token))!.Items).Name);
        foreach (var digest in (Digest[])[untagged.Digest, Digest.Compute(DigestAlgorithm.Sha256, "absent"u8)])
            Assert.Empty((await Store.ListTagRecordsAsync(Registry, App, digest, null, 2, Token))!.Items);
    }

    [Fact]
    public async Task A_repository_without_tags_has_an_empty_list()
    {
        await PushImageAsync(App, "image");

        Assert.Empty((await Store.ListTagRecordsAsync(Registry, App, null, null, 10, Token))!.Items);
    }

    [Fact]
    public async Task A_repository_is_deleted_step_by_step_with_its_indexes_and_what_they_list()
    {
        var pushed = new HashSet<Digest>();
        for (var i = 0; i < 30; i++)
        {
            var child = await PushImageAsync(App, $"child {i}", $"v{i}");
            var index = Index(Registry, App, [Describe(child)]);
            await PutAsync(index);
            pushed.UnionWith([child.Digest, index.Digest]);
        }

        var (manifests, tags, steps) = (new List<Digest>(), new List<string>(), 0);
        for (RepositoryDeletionCursor? cursor = null; steps == 0 || cursor is not null; steps++)
        {
            var step = await Store.DeleteRepositoryStepAsync(Registry, App, cursor, Now + Grace, Alice, Token);
            manifests.AddRange(step.Manifests);
            tags.AddRange(step.Tags);
            cursor = step.Next;
        }

        Assert.Equal(pushed, manifests.ToHashSet());
        Assert.Equal(60, manifests.Count);
        Assert.Equal(30, tags.Distinct().Count());
        Assert.True(steps > 1);
        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
    }

    [Fact]
    public async Task What_is_pushed_while_a_repository_is_deleted_stays_with_what_it_lists()
    {
        for (var i = 0; i < 25; i++) await PushImageAsync(App, $"image {i}");
        var kept = await PushImageAsync(App, "kept");
        var step = await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token);
        if (step.Manifests.Contains(kept.Digest)) await PutAsync(kept);
        var late = Index(Registry, App, [Describe(kept)], tags: "late");
        await PutAsync(late);

        while (step.Next is not null) step = await Store.DeleteRepositoryStepAsync(Registry, App, step.Next, Now + Grace, Alice, Token);

        Assert.Equal(late.Digest, (await FindAsync(App, "late"))!.Digest);
        Assert.NotNull(await FindAsync(App, kept.Digest));
        Assert.Equal(2, (await Store.FindRepositoryAsync(Registry, App, Token))!.Manifests);
    }
}
