using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>What registries, repositories and images hold: figures that are kept, and a recount that finds the same.</summary>
public abstract class UsageSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task Bytes_that_repositories_share_count_once_in_the_registry_and_are_unique_to_who_holds_them_alone()
    {
        var shared = await PushBlobAsync(App, "shared by two");
        Assert.Equal((shared.Size, shared.Size), await BytesAsync(App));

        await MountAsync(Other, App, shared);
        var own = await PushBlobAsync(Other, "held by one alone");

        Assert.Equal((shared.Size, 0), await BytesAsync(App));
        Assert.Equal((shared.Size + own.Size, own.Size), await BytesAsync(Other));
        var registry = (await Store.ReadUsageAsync(Registry, Token))!;
        Assert.Equal((shared.Size + own.Size, 2), (registry.Bytes, registry.Blobs));

        await Store.DeleteBlobAsync(Registry, App, shared.Digest, Alice, Token);

        Assert.Null(await Store.ReadRepositoryUsageAsync(Registry, App, Token));
        Assert.Equal((shared.Size + own.Size, shared.Size + own.Size), await BytesAsync(Other));
    }

    [Fact]
    public async Task Three_who_share_hold_nothing_alone_until_two_are_gone()
    {
        var third = RepositoryName.Parse("team/third");
        var blob = await PushBlobAsync(App, "shared by three");
        await MountAsync(Other, App, blob);
        await MountAsync(third, App, blob);

        await Store.DeleteBlobAsync(Registry, Other, blob.Digest, Alice, Token);
        Assert.Equal((blob.Size, 0), await BytesAsync(App));
        await Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token);

        Assert.Equal((blob.Size, blob.Size), await BytesAsync(third));
    }

    [Fact]
    public async Task A_manifest_s_bytes_are_its_repository_s_alone_while_they_are_stored()
    {
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, 7) }, Alice, Token);
        var image = await PushImageAsync(App, "image", "v1");
        var before = (await Store.ReadRepositoryUsageAsync(Registry, App, Token))!;

        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token);

        var after = (await Store.ReadRepositoryUsageAsync(Registry, App, Token))!;
        Assert.Equal((before.Figures.Bytes, before.UniqueBytes, 0L, 0L), (after.Figures.Bytes, after.UniqueBytes, after.Figures.Manifests, after.Figures.Tags));
        await Store.PurgeManifestAsync(Registry, App, image.Digest, Now, Alice, Token);
        Assert.Equal(before.UniqueBytes - image.Bytes.Length, (await Store.ReadRepositoryUsageAsync(Registry, App, Token))!.UniqueBytes);
    }

    [Fact]
    public async Task The_largest_repositories_come_first_and_no_more_than_asked_for()
    {
        foreach (var (name, size) in new[] { ("b/small", 10), ("a/large", 3_000), ("c/middle", 200) }) await PushBlobAsync(RepositoryName.Parse(name), new byte[size]);

        Assert.Equal(["a/large", "c/middle"], (await Store.ListLargestRepositoriesAsync(Registry, 2, Token)).Select(one => one.Name));
        Assert.Equal(["a/large", "c/middle", "b/small"], (await Store.ListLargestRepositoriesAsync(Registry, 10, Token)).Select(one => one.Name));
    }

    [Fact]
    public async Task A_walk_by_name_meets_every_repository_that_holds_something_once()
    {
        foreach (var name in new[] { "a", "a-b", "a/b", "b", "c" }) await PushBlobAsync(RepositoryName.Parse(name), $"of {name}");
        for (var i = 0; i < 30; i++) await OpenAsync(RepositoryName.Parse($"b{i:d2}"));

        Assert.Equal(["a", "a-b", "a/b", "b", "c"], await WalkAsync(after => Store.ListRepositoryUsageAsync(Registry, after, 2, Token), one => one.Name));
    }

    [Fact]
    public async Task What_an_image_holds_is_parted_into_what_only_it_names_and_the_rest()
    {
        var (config, layer, shared) = (await PushBlobAsync(App, "config"), await PushBlobAsync(App, "a layer of its own"), await PushBlobAsync(App, "the base layer"));
        var image = Image(Registry, App, config, [shared, layer], tags: "v1");
        var sibling = Image(Registry, App, await PushBlobAsync(App, "another config"), [shared], tags: "v2");
        await PutAsync(image);
        await PutAsync(sibling);

        var alone = await AskAsync([image]);
        Assert.Equal((1, 3), (alone.Manifests, alone.Blobs));
        Assert.Equal(image.Bytes.Length + config.Size + layer.Size + shared.Size, alone.Bytes);
        Assert.Equal(image.Bytes.Length + config.Size + layer.Size, alone.UniqueBytes);
        Assert.Equal(alone.UniqueBytes, alone.FreedBytes);

        // Both together free the base layer as well; held elsewhere, a layer is not freed for the registry.
        Assert.Equal((await AskAsync([image, sibling])).Bytes, (await AskAsync([image, sibling])).FreedBytes);
        await MountAsync(Other, App, layer);
        Assert.Equal((alone.UniqueBytes, alone.FreedBytes - layer.Size), ((await AskAsync([image])).UniqueBytes, (await AskAsync([image])).FreedBytes));
    }

    [Fact]
    public async Task What_would_be_freed_is_what_a_deletion_frees()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await PushImageAsync(App, "another", "v2");
        var before = (await Store.ReadUsageAsync(Registry, Token))!.Bytes;
        var asked = await AskAsync([image]);

        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now, Alice, Token);
        Time.Advance(Grace * 2);
        while ((await Store.ReviewMembershipsAsync(100, Token)).Reviewed > 0)
        {
        }

        Assert.Equal(before - asked.FreedBytes, (await Store.ReadUsageAsync(Registry, Token))!.Bytes);
    }

    [Fact]
    public async Task An_index_counts_with_the_images_that_nothing_else_names()
    {
        var (mine, tagged, listed) = (await PushImageAsync(App, "mine"), await PushImageAsync(App, "tagged", "kept"), await PushImageAsync(App, "listed twice"));
        var index = Index(Registry, App, [Describe(mine), Describe(tagged), Describe(listed)], tags: "multi");
        await PutAsync(index);
        await PutAsync(Index(Registry, App, [Describe(listed)], tags: "other"));

        var whole = await AskAsync([index]);
        Assert.Equal((2, 1, 2), (whole.Manifests, whole.Children, whole.KeptChildren));
        Assert.Equal((await AskAsync([mine])).Bytes + index.Bytes.Length, whole.Bytes);
        Assert.Equal((1, index.Bytes.Length), ((await AskAsync([index], withChildren: false)).Manifests, (await AskAsync([index], withChildren: false)).Bytes));
    }

    [Fact]
    public async Task A_question_about_what_is_not_there_names_it()
    {
        var image = await PushImageAsync(App, "image", "v1");
        var absent = Describe(Content("absent")).Digest;

        Assert.Equal(absent, (await Store.ReadImageUsageAsync(Registry, App, [image.Digest, absent], true, Token)).Missing);
        Assert.False((await Store.ReadImageUsageAsync(Registry, RepositoryName.Parse("nowhere"), [image.Digest], true, Token)).HasRepository);
    }

    [Fact]
    public async Task A_day_is_sampled_once_and_forgotten_after_its_time()
    {
        var today = DateOnly.FromDateTime(Now.UtcDateTime);
        var blob = await PushBlobAsync(App, "blob");
        var totals = await Store.ListRegistryTotalsAsync(0, 10, Token);
        Assert.Equal(("local", blob.Size), (Assert.Single(totals).Name, totals[0].Figures.Bytes));
        await Store.SampleUsageAsync(totals, today, today.AddDays(-2), Token);
        await PushBlobAsync(App, "one more");
        await Store.SampleUsageAsync(await Store.ListRegistryTotalsAsync(0, 10, Token), today, today.AddDays(-2), Token);

        Assert.Equal((today, blob.Size), (Assert.Single(await HistoryAsync(today)).Day, (await HistoryAsync(today))[0].Figures.Bytes));
        await Store.SampleUsageAsync(await Store.ListRegistryTotalsAsync(0, 10, Token), today.AddDays(3), today.AddDays(1), Token);
        Assert.Equal([today.AddDays(3)], (await HistoryAsync(today)).Select(sample => sample.Day));

        ValueTask<IReadOnlyList<UsageSample>> HistoryAsync(DateOnly from) => Store.ReadUsageHistoryAsync(Registry, from, Token);
    }

    [Fact]
    public async Task A_registry_that_is_deleted_for_good_leaves_no_history()
    {
        var today = DateOnly.FromDateTime(Now.UtcDateTime);
        await Store.SampleUsageAsync(await Store.ListRegistryTotalsAsync(0, 10, Token), today, today.AddDays(-1), Token);
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.Single(await Store.ReadUsageHistoryAsync(Registry, today, Token));
        Assert.True(await Store.BeginPurgeAsync(Registry, Alice, Token));
        while (await Store.PurgeAccountsStepAsync(Registry, 100, Token))
        {
        }

        Assert.True(await Store.EndPurgeAsync(Registry, Token));

        Assert.Empty(await Store.ReadUsageHistoryAsync(Registry, today, Token));
    }

    protected async Task<(long Bytes, long UniqueBytes)> BytesAsync(RepositoryName repository) =>
        await Store.ReadRepositoryUsageAsync(Registry, repository, Token) is { } found ? (found.Figures.Bytes, found.UniqueBytes) : default;

    private async Task<ImageUsage> AskAsync(NewManifest[] chosen, bool withChildren = true) =>
        (await Store.ReadImageUsageAsync(Registry, App, [.. chosen.Select(one => one.Digest)], withChildren, Token)).Usage!;

    private async Task MountAsync(RepositoryName repository, RepositoryName from, Descriptor blob) =>
        Assert.NotNull(await Store.MountBlobAsync(Registry, repository, blob.Digest, from, [], Now + Grace, Alice, Token));
}
