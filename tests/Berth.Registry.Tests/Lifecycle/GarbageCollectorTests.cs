using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class GarbageCollectorTests
{
    [Fact]
    public async Task Bytes_that_cannot_be_removed_do_not_keep_others_from_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var stuck = await DiscardAsync(host);
        var path = Path.Combine(host.StoreFolder, "blobs", stuck);
        Directory.CreateDirectory(path); // which cannot be unlinked
        for (var i = 0; i < 300; i++) await DiscardAsync(host);

        await host.Collector.SweepAsync(CancellationToken.None);
        var left = Assert.Single(await host.Metadata.ListDiscardedAsync(1_000, CancellationToken.None));
        Assert.Equal(stuck, left.Location);

        Directory.Delete(path);
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await host.Metadata.ListDiscardedAsync(1_000, CancellationToken.None));
    }

    private static async Task<string> DiscardAsync(RegistryHost host)
    {
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var caller = new Caller(1, "owner", null, null);
        var id = Guid.NewGuid().ToString("N");
        var upload = new NewUpload(
            id, registry!.Id, RepositoryName.Parse("app"), host.Blobs.NewLocation(), DigestAlgorithm.Sha256, host.Time.GetUtcNow().AddHours(1), null);
        await host.Metadata.OpenUploadAsync(upload, caller, CancellationToken.None);
        await host.Metadata.AbortUploadAsync(id, null, caller, CancellationToken.None);
        return upload.Location;
    }
}
