using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>What rules cost of a tag, counted in steps and instructions: a registry in which nothing runs and nothing is set apart is asked once, not of each tag.</summary>
public sealed class RuleCostTests
{
    private const int Most = 1_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tags_of_a_registry_in_which_nothing_runs_are_kept_or_not_by_as_many_steps_however_many_go()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 60);
        var tags = await ListAsync(store);

        Assert.Equal(await KeepersAsync(tags.Take(10)), await KeepersAsync(tags));

        async Task<long> KeepersAsync(IEnumerable<LifecycleCandidate> going)
        {
            var before = ((SqliteDatabase)store.Database).ReaderSteps;
            Assert.All(await store.FindTagKeepersAsync(1, [.. going], Token), keeper => Assert.Equal(LifecycleReason.None, keeper.Reason));
            return ((SqliteDatabase)store.Database).ReaderSteps - before;
        }
    }

    [Fact]
    public async Task A_report_keeps_the_tags_that_it_names_and_no_other()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 3);
        var tags = await ListAsync(store);
        await store.ReportWorkloadAsync(new WorkloadReport(1, "shop", [new UsedImage(tags[1].Digest, null)], TimeSpan.FromHours(1)), StoreFolder.Alice, Token);

        var keepers = await store.FindTagKeepersAsync(1, tags, Token);

        Assert.Equal([LifecycleReason.None, LifecycleReason.InUse, LifecycleReason.None], keepers.Select(keeper => keeper.Reason));
    }

    [Fact]
    public async Task Quarantine_costs_a_look_at_each_tag_only_where_the_registry_has_one()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 60);
        var tags = await ListAsync(store);
        Assert.DoesNotContain(tags, tag => tag.IsQuarantined);
        var before = await InstructionsAsync();

        await store.QuarantineDigestAsync(1, null, tags[5].Digest, new Quarantine(QuarantineState.Quarantined, "looked into", null), StoreFolder.Alice, Token);

        Assert.Equal([tags[5].Tag], (await ListAsync(store)).Where(tag => tag.IsQuarantined).Select(tag => tag.Tag));
        Assert.InRange(await InstructionsAsync() - before, 2 * tags.Count, long.MaxValue);

        async Task<long> InstructionsAsync()
        {
            var start = ((SqliteDatabase)store.Database).ReaderInstructions;
            await ListAsync(store);
            return ((SqliteDatabase)store.Database).ReaderInstructions - start;
        }
    }

    [Fact]
    public async Task A_quarantined_repository_sets_its_tags_apart_and_no_other()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 2);
        var other = RepositoryName.Parse("other/app");
        await store.PutManifestAsync(StoreFolder.Manifest("elsewhere", other, "v1"), StoreFolder.Alice, Token);

        await store.QuarantineRepositoryAsync(1, StoreFolder.App, new Quarantine(QuarantineState.Quarantined, "looked into", null), StoreFolder.Alice, Token);

        Assert.All(await ListAsync(store), tag => Assert.True(tag.IsQuarantined));
        Assert.False((await store.ListTagCandidatesAsync(1, other, null, Most, Token))!.Items.Single().IsQuarantined);
    }

    private static async Task FillAsync(RelationalMetadataStore store, int count)
    {
        for (var i = 0; i < count; i++) await store.PutManifestAsync(StoreFolder.Manifest($"image {i}", tags: $"tag-{i}"), StoreFolder.Alice, Token);
    }

    private static async Task<IReadOnlyList<LifecycleCandidate>> ListAsync(RelationalMetadataStore store) =>
        (await store.ListTagCandidatesAsync(1, StoreFolder.App, null, Most, Token))!.Items;
}
