using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Server.Tests.Backups;

/// <summary>A data folder that is open as <c>serve</c> opens it, with short ways to push to it, to delete and to collect.</summary>
internal sealed class ServedFolder : IAsyncDisposable
{
    private static readonly RepositoryName App = RepositoryName.Parse("app");
    private static readonly Caller Owner = new(1, "owner", null, null);

    private readonly FakeTimeProvider _time;
    private readonly Stores _stores;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<LifecycleMetrics>().AddSingleton<WorkloadMetrics>().BuildServiceProvider();
    private readonly GarbageCollector _collector;
    private readonly TimeSpan _grace;

    private ServedFolder(Stores stores, ServerOptions options, FakeTimeProvider time)
    {
        _stores = stores;
        _time = time;
        _grace = options.Registry.Lifecycle.Grace;
        var metrics = _services.GetRequiredService<LifecycleMetrics>();
        var pace = new GarbagePace(stores.Metadata, stores.DeletionGate, options.Registry.Lifecycle, new Traffic(), time, metrics);
        var purge = new RegistryPurge(
            stores.Metadata, stores.Metadata, stores.Metadata, stores.Metadata, stores.Metadata, pace, options.Registry.Lifecycle, time, NullLogger<RegistryPurge>.Instance);
        var policies = new DeletionPolicies(stores.Metadata, pace, options.Registry.Lifecycle, metrics, NullLogger<DeletionPolicies>.Instance);
        var workloads = new WorkloadExpiry(stores.Metadata, _services.GetRequiredService<WorkloadMetrics>(), NullLogger<WorkloadExpiry>.Instance);
        var node = new Node("test", time);
        var jobs = new SharedJobs(stores.Metadata, node, time, new JobMetrics(_services.GetRequiredService<IMeterFactory>(), node), NullLogger<SharedJobs>.Instance);
        _collector = new GarbageCollector(
            stores.Metadata, purge, workloads, policies, pace, new GarbageRounds(time), stores.Blobs, stores.DeletionGate, jobs, options.Registry.Lifecycle, time, NoSteps.Instance, metrics,
            NullLogger<GarbageCollector>.Instance);
    }

    public InstallationRecord Installation => _stores.Installation;

    public DateTimeOffset Now => _time.GetUtcNow();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static ServerOptions Options(string data) => new() { Data = data };

    /// <summary>Opens it as the server would.</summary>
    /// <exception cref="CannotStartException">The server would not start.</exception>
    public static Task<ServedFolder> OpenAsync(string data) => OpenAsync(data, new LifecycleOptions().Grace);

    /// <summary>Opens it as the server would with this grace.</summary>
    public static Task<ServedFolder> OpenAsync(string data, TimeSpan grace) => OpenAsync(Options(data), grace);

    /// <summary>Opens what these settings name as the server would with this grace.</summary>
    public static async Task<ServedFolder> OpenAsync(ServerOptions options, TimeSpan grace)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        options = options with { Registry = options.Registry with { Lifecycle = options.Registry.Lifecycle with { Grace = grace } } };
        var stores = new Stores(options, time, NullLoggerFactory.Instance);
        try
        {
            await stores.LockAsync("berth serve", Token);
            await stores.OpenAsync(Token);
            return new ServedFolder(stores, options, time);
        }
        catch
        {
            await stores.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a data folder with these blobs, and certificates of this version, and closes it.</summary>
    public static async Task MakeAsync(string data, string certificates, params string[] blobs)
    {
        await using var served = await OpenAsync(data);
        foreach (var blob in blobs) await served.PushAsync(blob);
        await WriteCertificatesAsync(data, certificates);
    }

    public static async Task WriteCertificatesAsync(string data, string version)
    {
        Directory.CreateDirectory(Path.Combine(data, "tls"));
        foreach (var name in (string[])["ca.pem", "ca-key.pem"]) await File.WriteAllTextAsync(Path.Combine(data, "tls", name), version, Token);
    }

    public async Task PushAsync(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var registry = (await _stores.Metadata.FindRegistryAsync("local", Token))!;
        var now = _time.GetUtcNow();
        var upload = await _stores.Metadata.OpenUploadAsync(
            new NewUpload(Guid.NewGuid().ToString("N"), registry.Id, App, _stores.Blobs.NewLocation(), DigestAlgorithm.Sha256, now.AddDays(1), now.AddMinutes(1)),
            Owner, Token);
        await using (var writer = await _stores.Blobs.AppendAsync(upload.Location, 0, bytes.Length, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(bytes), Token);
            await writer.SyncAsync(Token);
        }

        // So long that it outlives what a test deletes.
        var lease = now + (100 * _grace);
        Assert.True(await _stores.Metadata.CompleteUploadAsync(upload, DigestOf(content), bytes.Length, lease, now, Owner, Token));
    }

    /// <summary>Ends the blob's membership and lets so much time pass that its bytes are due.</summary>
    public async Task DeleteAsync(string content)
    {
        var registry = (await _stores.Metadata.FindRegistryAsync("local", Token))!;
        await _collector.SweepAsync(Token);
        Assert.Equal(DeleteOutcome.Deleted, (await _stores.Metadata.DeleteBlobAsync(registry.Id, App, DigestOf(content), Owner, Token)).Outcome);
        _time.Advance(2 * _grace);
    }

    /// <summary>A round of garbage collection.</summary>
    public Task SweepAsync() => _collector.SweepAsync(Token);

    /// <summary>Whether deletion is suspended.</summary>
    public async Task<bool> IsSuspendedAsync() => await SuspendedUntilAsync() is not null;

    /// <summary>Until when deletion is suspended; null when it is not.</summary>
    public Task<DateTimeOffset?> SuspendedUntilAsync() => _stores.Metadata.ObserveClockAsync(null, _grace, Token);

    /// <summary>Which of these blobs are served, with all their bytes.</summary>
    public async Task<List<string>> ServedAsync(params string[] candidates)
    {
        var registry = (await _stores.Metadata.FindRegistryAsync("local", Token))!;
        var served = new List<string>();
        foreach (var content in candidates)
        {
            var bytes = Encoding.UTF8.GetBytes(content);
            if (await _stores.Metadata.FindBlobAsync(registry.Id, App, DigestOf(content), Token) is not { State: BlobState.Live } blob) continue;
            await using var reader = await _stores.Blobs.OpenAsync(blob.Location, blob.Size, Token);
            var read = new byte[bytes.Length];
            Assert.Equal(bytes.Length, await reader.ReadAsync(0, read, Token));
            Assert.Equal(bytes, read);
            served.Add(content);
        }

        return served;
    }

    /// <summary>What usage says that is not so.</summary>
    public Task<IReadOnlyList<UsageDifference>> RecountAsync() => _stores.Metadata.RecountUsageAsync(repair: false, Token);

    /// <summary>How many locations have bytes.</summary>
    public static int LocationsIn(string data) => Directory.EnumerateFiles(Path.Combine(data, "store", "blobs"), "*", SearchOption.AllDirectories).Count();

    public async ValueTask DisposeAsync()
    {
        _collector.Dispose();
        await _services.DisposeAsync();
        await _stores.DisposeAsync();
    }

    private static Digest DigestOf(string content) => Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(content));
}
