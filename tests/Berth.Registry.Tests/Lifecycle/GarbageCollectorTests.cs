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
        var stuck = new List<string>();
        for (var i = 0; i < 250; i++) stuck.Add(await DiscardAsync(host));
        foreach (var location in stuck) Directory.CreateDirectory(PathOf(location)); // which cannot be unlinked
        host.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 300; i++) await DiscardAsync(host);

        // A batch of which nothing could be removed ends its round.
        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(stuck.Order(), (await DiscardedAsync()).Order());

        foreach (var location in stuck) Directory.Delete(PathOf(location));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await DiscardedAsync());

        string PathOf(string location) => Path.Combine(host.StoreFolder, "blobs", location);

        async Task<List<string>> DiscardedAsync() =>
            [.. (await host.Metadata.ListDiscardedAsync(default, 1_000, CancellationToken.None)).Items.Select(d => d.Location)];
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
