using System.Text;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>What it costs to ask for usage, counted in steps: the same whatever is stored.</summary>
public sealed class UsageCostTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_question_about_usage_costs_as_many_steps_however_much_is_stored()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var shared = await folder.PushBlobAsync(store, "a base layer that every image has");
        var image = Image("asked about", await folder.PushBlobAsync(store, "its own layer"), shared);
        await store.PutManifestAsync(image, StoreFolder.Alice, Token);
        await FillAsync(folder, store, shared, 10);
        var few = await CostsAsync(store, image);
        await FillAsync(folder, store, shared, 150);

        Assert.Equal(few, await CostsAsync(store, image));
        Assert.Equal((1, 1, 11), (few.Registry, few.Repository, few.Largest));
    }

    private static async Task FillAsync(StoreFolder folder, RelationalMetadataStore store, Descriptor shared, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await store.PutManifestAsync(Image($"image {count} {i}", shared, shared), StoreFolder.Alice, Token);
            await folder.PushBlobAsync(store, $"blob {count} {i}", RepositoryName.Parse($"many/r{count}-{i}"));
        }
    }

    private static NewManifest Image(string name, params Descriptor[] layers)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var body = new Manifest(MediaTypes.OciManifest, null, layers[0], layers, [], null, null);
        return new NewManifest(1, StoreFolder.App, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes, body, [], false);
    }

    private static async Task<(long Registry, long Repository, long Largest, long Image)> CostsAsync(RelationalMetadataStore store, NewManifest image) => (
        await CostAsync(store, async () => Assert.NotNull(await store.ReadUsageAsync(1, Token))),
        await CostAsync(store, async () => Assert.NotNull(await store.ReadRepositoryUsageAsync(1, StoreFolder.App, Token))),
        await CostAsync(store, async () => Assert.Equal(10, (await store.ListLargestRepositoriesAsync(1, 10, Token)).Count)),
        await CostAsync(store, async () => Assert.NotNull((await store.ReadImageUsageAsync(1, StoreFolder.App, [image.Digest], true, Token)).Usage)));

    private static async Task<long> CostAsync(RelationalMetadataStore store, Func<Task> read)
    {
        var before = ((SqliteDatabase)store.Database).ReaderSteps;
        await read();
        return ((SqliteDatabase)store.Database).ReaderSteps - before;
    }
}
