using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Jobs;
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
        using var scrubber = NewScrubber(host, store);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => scrubber.PassAsync(CancellationToken.None));
        await scrubber.PassAsync(CancellationToken.None);

        Assert.Equal(locations, store.Opened);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("truncated")]
    [InlineData("changed")]
    public async Task A_blob_whose_bytes_are_not_what_they_were_is_answered_as_absent_until_a_push_heals_it(string fate)
    {
        await using var host = await RegistryHost.StartAsync();
        var (hurt, whole) = ("to be hurt"u8.ToArray(), "left alone"u8.ToArray());
        foreach (var blob in (byte[][])[hurt, whole]) await host.Client.PushBlobAsync("app", blob);
        var (_, file) = await FindAsync(host, hurt);
        if (fate == "lost") File.Delete(file);
        else await File.WriteAllTextAsync(file, fate == "truncated" ? "to be hur" : "to be Hurt");
        using var scrubber = NewScrubber(host, host.Blobs);

        await scrubber.PassAsync(CancellationToken.None);

        Assert.Equal(BlobState.Damaged, (await FindAsync(host, hurt)).Row.State);
        Assert.Equal(BlobState.Live, (await FindAsync(host, whole)).Row.State);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("app", DigestOf(hurt)));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", hurt));
        await scrubber.PassAsync(CancellationToken.None);
        Assert.Equal(hurt, (await host.Client.GetBlobAsync("app", DigestOf(hurt))).Body);
    }

    [Fact]
    public async Task More_than_ten_lost_blobs_within_a_minute_end_the_pass_and_the_rest_stays_unmarked()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 13; i++)
        {
            await host.Client.PushBlobAsync("app", Encoding.UTF8.GetBytes($"blob {i}"));
            File.Delete((await FindAsync(host, Encoding.UTF8.GetBytes($"blob {i}"))).File);
        }

        using var scrubber = NewScrubber(host, host.Blobs);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => scrubber.PassAsync(CancellationToken.None));
        Assert.Equal(10, await DamagedAsync());

        // The next pass goes on behind the one that was too many, and the pass after it comes to that one.
        host.Time.Advance(TimeSpan.FromSeconds(61));
        await scrubber.PassAsync(CancellationToken.None);
        Assert.Equal(12, await DamagedAsync());
        await scrubber.PassAsync(CancellationToken.None);
        Assert.Equal(13, await DamagedAsync());

        async Task<int> DamagedAsync() => (await host.Metadata.WalkBlobsAsync(default, 100, CancellationToken.None)).Count(b => b.State == BlobState.Damaged);
    }

    [Fact]
    public async Task A_blob_that_is_collected_and_pushed_anew_while_the_scrubber_comes_to_it_is_not_damaged()
    {
        await using var host = await RegistryHost.StartAsync();
        var blobs = Enumerable.Range(0, 12).Select(i => Encoding.UTF8.GetBytes($"blob {i}")).ToList();
        foreach (var blob in blobs) await host.Client.PushBlobAsync("app", blob);
        var before = (await host.Metadata.WalkBlobsAsync(default, 100, CancellationToken.None)).Select(b => b.Location).ToHashSet();

        // The scrubber has read its page when it opens the first of the blobs; half of them come back.
        var meanwhile = new Meanwhile(host.Blobs, async () =>
        {
            foreach (var blob in blobs) Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync("app", DigestOf(blob)));
            for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
            foreach (var blob in blobs.Take(6)) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", blob));
        });
        using var scrubber = NewScrubber(host, meanwhile);
        await scrubber.PassAsync(CancellationToken.None);

        var after = await host.Metadata.WalkBlobsAsync(default, 100, CancellationToken.None);
        Assert.Equal(6, after.Count);
        Assert.All(after, b => Assert.Equal((BlobState.Live, false), (b.State, before.Contains(b.Location))));
    }

    private static Scrubber NewScrubber(RegistryHost host, IBlobStore store) => new(
        host.Metadata, host.Metadata, store, host.Services.GetRequiredService<DamageReport>(), host.Services.GetRequiredService<SharedJobs>(), new LifecycleOptions { ScrubBytesPerSecond = long.MaxValue },
        TimeProvider.System, host.Services.GetRequiredService<LifecycleMetrics>(), NullLogger<Scrubber>.Instance);

    private static async Task<(StoredBlobRecord Row, string File)> FindAsync(RegistryHost host, byte[] blob)
    {
        var row = (await host.Metadata.FindStoredBlobAsync(DigestOf(blob), CancellationToken.None))!;
        return (row, Path.Combine(host.StoreFolder, "blobs", row.Location));
    }

    private static Digest DigestOf(byte[] blob) => Digest.Compute(DigestAlgorithm.Sha256, blob);

    private sealed class BadSector(IBlobStore inner, string bad) : PassingStore(inner)
    {
        public List<string> Opened { get; } = [];

        public override Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
        {
            Opened.Add(location);
            return location == bad ? throw new StorageUnavailableException("A sector cannot be read.") : base.OpenAsync(location, size, cancellationToken);
        }
    }
}
