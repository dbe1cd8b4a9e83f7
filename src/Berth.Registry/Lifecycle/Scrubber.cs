using System.Security.Cryptography;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Jobs;
using Berth.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Reads stored manifests and blobs over and over at a bounded rate and checks their digests. One whose bytes are wrong or missing is marked damaged:
/// absent until a push heals it. Blobs start at a random digest, so that restarts do not leave a part of the store unread.
/// </summary>
internal sealed partial class Scrubber(
    IMaintenance maintenance, IBlobs blobs, IBlobStore store, DamageReport damage, SharedJobs jobs, LifecycleOptions options, TimeProvider time, LifecycleMetrics metrics,
    ILogger<Scrubber> logger) : BackgroundService
{
    private const int PageSize = 100;

    // Up to 4 MiB each, and read in one go while others write.
    private const int ManifestsAtOnce = 4;
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    private Digest _after;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.ScrubBytesPerSecond <= 0) return;

        _after = Digest.FromHash(DigestAlgorithm.Sha256, RandomNumberGenerator.GetBytes(32));
        while (true)
        {
            await Task.Delay(Rest, time, stoppingToken);
            using var span = RegistryTracing.StartRound("scrub.round");
            try
            {
                await jobs.RunAsync("scrub", 2 * Rest, (_, token) => PassOverAllAsync(token), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                RegistryTracing.Failed(span, e);
                LogScrubFailed(e);
            }
        }
    }

    private async Task PassOverAllAsync(CancellationToken cancellationToken)
    {
        await PassOverManifestsAsync(cancellationToken);
        await PassAsync(cancellationToken);
    }

    /// <summary>
    /// Checks blobs from where the last pass ended to the last blob. A blob that cannot be read ends the pass, and the next one goes on behind
    /// it: one bad sector must not keep all that follow from being checked.
    /// </summary>
    /// <exception cref="StorageUnavailableException">A blob cannot be read, or so many are missing at once that it must be the volume.</exception>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await maintenance.WalkBlobsAsync(_after, PageSize, cancellationToken);
            foreach (var blob in page)
            {
                _after = blob.Digest;
                if (blob.State == BlobState.Live) await CheckAsync(blob, cancellationToken);
            }

            if (page.Count == PageSize) continue;
            _after = default;
            return;
        }
    }

    /// <summary>Checks all manifests.</summary>
    public async Task PassOverManifestsAsync(CancellationToken cancellationToken)
    {
        long after = 0;
        while (await maintenance.WalkManifestsAsync(after, ManifestsAtOnce, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var manifest in page)
            {
                after = manifest.Sequence;
                var damaged = !manifest.Damaged && !ManifestCheck.HasDigest(manifest);
                if (damaged && await maintenance.MarkManifestAsync(after, manifest.Digest, damaged: true, cancellationToken))
                    LogWrongManifest(manifest.Digest, manifest.Registry, manifest.Repository);
                metrics.Scrubbed(manifest.Bytes.Length);
                await SlowDownAsync(manifest.Bytes.Length, cancellationToken);
            }
        }
    }

    private async Task CheckAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(blob, cancellationToken);
        }
        catch (BlobMissingException)
        {
            // Collected, or pushed anew elsewhere, since the page was read; else lost, if a second look says the same.
            if (await maintenance.FindStoredBlobAsync(blob.Digest, cancellationToken) != blob)
            {
                LogNotFound(blob.Digest, blob.Location);
                return;
            }

            try
            {
                await ReadAsync(blob, cancellationToken);
            }
            catch (BlobMissingException)
            {
                await damage.ReportAsync(blob.Digest, blob.Location);
            }
        }
    }

    private async Task ReadAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        var good = await BlobCheck.HasDigestAsync(store, blob.Location, blob.Size, blob.Digest, read => SlowDownAsync(read, cancellationToken), cancellationToken);
        metrics.Scrubbed(blob.Size);
        if (!good && await blobs.MarkDamagedAsync(blob.Digest, blob.Location, cancellationToken)) LogWrongBytes(blob.Digest, blob.Location);
    }

    private ValueTask SlowDownAsync(int read, CancellationToken cancellationToken) =>
        new(Task.Delay(TimeSpan.FromSeconds((double)read / options.ScrubBytesPerSecond), time, cancellationToken));
}
