using System.Net;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class GarbageCollectorTests
{
    [Fact]
    public async Task Bytes_that_cannot_be_removed_do_not_keep_others_from_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var stuck = new List<string>();
        for (var i = 0; i < 250; i++) stuck.Add(await DiscardedBytes.MakeAsync(host));
        foreach (var location in stuck) Directory.CreateDirectory(PathOf(location)); // which cannot be unlinked
        host.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 300; i++) await DiscardedBytes.MakeAsync(host);

        // A batch of which nothing could be removed ends its round, and of the 250 there are five such.
        for (var round = 0; round < 6; round++) await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(stuck.Order(), (await DiscardedBytes.DueAsync(host)).Order());

        foreach (var location in stuck) Directory.Delete(PathOf(location));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await DiscardedBytes.DueAsync(host));

        string PathOf(string location) => Path.Combine(host.StoreFolder, "blobs", location);
    }

    [Fact]
    public async Task A_step_of_the_clock_ends_no_upload_session_and_takes_no_blob()
    {
        await using var host = await RegistryHost.StartAsync();
        var content = "kept"u8.ToArray();
        await host.Client.PushBlobAsync("app", content);
        var promised = (await host.Client.PostAsync(new Uri("/v2/app/blobs/uploads/", UriKind.Relative), null)).Headers.Location!.OriginalString;
        var session = (await host.Client.PatchAsync(new Uri(promised, UriKind.Relative), new ByteArrayContent([1]))).Headers.Location!.OriginalString;
        await host.Collector.SweepAsync(CancellationToken.None);

        // What a process finds that begins after a jump: nothing but the clock says that this time passed.
        host.Time.Advance((3 * host.Grace) + TimeSpan.FromDays(30));
        using var next = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services);
        await next.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.GetAsync(new Uri(session, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync("app", Digest.Compute(DigestAlgorithm.Sha256, content)));
    }

    [Fact]
    public async Task Room_is_looked_for_while_deletion_is_suspended()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(3 * host.Grace);
        var gate = new CountingGate();
        using var next = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services, gate);

        await next.SweepAsync(CancellationToken.None);

        Assert.NotNull(await host.Metadata.ObserveClockAsync(TimeSpan.Zero, host.Grace, CancellationToken.None));
        Assert.Equal(1, gate.Sweeps);
    }

    [Fact]
    public async Task Time_that_passed_while_the_database_did_not_answer_is_no_step_of_the_clock()
    {
        await using var host = await RegistryHost.StartAsync();
        var content = "nobody's"u8.ToArray();
        await host.Client.PushBlobAsync("app", content);
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(3 * host.Grace);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.Collector.SweepAsync(new CancellationToken(canceled: true)));
        host.Time.Advance(TimeSpan.FromSeconds(30));

        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("app", Digest.Compute(DigestAlgorithm.Sha256, content)));
    }

    [Fact]
    public async Task The_repeated_end_of_an_upload_promises_the_bytes_anew()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Lifecycle = new LifecycleOptions { Grace = TimeSpan.FromMinutes(30) } });
        await host.Collector.SweepAsync(CancellationToken.None);
        var content = "pushed once, answered twice"u8.ToArray();
        var digest = Digest.Compute(DigestAlgorithm.Sha256, content);
        var session = (await host.Client.PostAsync(new Uri("/v2/app/blobs/uploads/", UriKind.Relative), null)).Headers.Location!.OriginalString;
        Task<HttpResponseMessage> FinishAsync() => host.Client.PutAsync(new Uri($"{session}?digest={digest}", UriKind.Relative), new ByteArrayContent(content));

        Assert.Equal(HttpStatusCode.Created, (await FinishAsync()).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.Equal(HttpStatusCode.Created, (await FinishAsync()).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(14));
        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync("app", digest));
    }

    private sealed class CountingGate : IDeletionGate
    {
        public int Sweeps { get; private set; }

        public bool IsFull => false;

        public IDisposable? TryEnter() => null;

        public ValueTask TakeReservesBackAsync(CancellationToken cancellationToken)
        {
            Sweeps++;
            return ValueTask.CompletedTask;
        }
    }
}
