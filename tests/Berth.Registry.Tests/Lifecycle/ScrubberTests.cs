using System.Text;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class ScrubberTests
{
    [Fact]
    public async Task A_blob_that_cannot_be_read_does_not_keep_those_behind_it_from_being_checked()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 5; i++) await host.Client.PushBlobAsync("scrubbed", Encoding.UTF8.GetBytes($"blob {i}"));
        var locations = (await host.Metadata.WalkBlobsAsync(default, 10, CancellationToken.None)).Select(b => b.Location).ToList();
        await using var store = new BadSector(host.Blobs, locations[1]);
        await using var services = new ServiceCollection().AddMetrics().AddSingleton<LifecycleMetrics>().BuildServiceProvider();
        using var scrubber = new Scrubber(
            host.Metadata, host.Metadata, store, new LifecycleOptions { ScrubBytesPerSecond = long.MaxValue }, TimeProvider.System,
            services.GetRequiredService<LifecycleMetrics>(), NullLogger<Scrubber>.Instance);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => scrubber.PassAsync(CancellationToken.None));
        await scrubber.PassAsync(CancellationToken.None);

        Assert.Equal(locations, store.Opened);
    }

    private sealed class BadSector(IBlobStore inner, string bad) : IBlobStore
    {
        public List<string> Opened { get; } = [];

        public string NewLocation() => inner.NewLocation();

        public Task<string?> ReadIdentityAsync(CancellationToken cancellationToken) => inner.ReadIdentityAsync(cancellationToken);

        public Task WriteIdentityAsync(string identity, CancellationToken cancellationToken) => inner.WriteIdentityAsync(identity, cancellationToken);

        public Task<IBlobWriter> AppendAsync(string location, long offset, long declared, CancellationToken cancellationToken) =>
            inner.AppendAsync(location, offset, declared, cancellationToken);

        public Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
        {
            Opened.Add(location);
            return location == bad ? throw new StorageUnavailableException("A sector cannot be read.") : inner.OpenAsync(location, size, cancellationToken);
        }

        public Task SyncAsync(string location, CancellationToken cancellationToken) => inner.SyncAsync(location, cancellationToken);

        public Task DeleteAsync(string location, CancellationToken cancellationToken) => inner.DeleteAsync(location, cancellationToken);

        public IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public StorageSpace? Space() => inner.Space();

        // The host's store is the host's to close.
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
