using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Collects what nothing names any more, while pushes and pulls go on: memberships past their lease, blobs without a membership,
/// expired upload sessions, and at last the bytes at discarded locations. What is due comes from indexes; the store is never walked.
/// </summary>
public sealed partial class GarbageCollector(
    IGarbage garbage, IBlobStore store, IDeletionGate gate, LifecycleOptions options, TimeProvider time, ISteps steps, LifecycleMetrics metrics,
    ILogger<GarbageCollector> logger) : BackgroundService
{
    private const int Batch = 200;

    // More than so many files that cannot be removed wait for the next round.
    private const int MaxKept = 1_000;

    private long? _observed;

    /// <summary>Does all that is due now. Called by the background loop; never by two at once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await ExpireUploadsAsync(cancellationToken);
        if (await IsSuspendedAsync(cancellationToken)) return;

        await ReviewMembershipsAsync(cancellationToken);
        while (await garbage.ReviewBlobsAsync(Batch, cancellationToken) is var discarded and > 0)
        {
            metrics.BlobsDiscarded(discarded);
            if (discarded < Batch) break;
        }

        await RemoveDiscardedAsync(cancellationToken);
        while (await garbage.TidyAsync(options.LedgerRetention, Batch, cancellationToken) >= Batch)
        {
        }

        await gate.AfterSweepAsync(cancellationToken);
        metrics.Swept(Stopwatch.GetElapsedTime(started));
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // What was not done stays due; the next round takes it up.
                metrics.SweepFailed();
                LogSweepFailed(e);
            }
        }
    }

    private async Task ExpireUploadsAsync(CancellationToken cancellationToken)
    {
        while (await garbage.ExpireUploadsAsync(Batch, cancellationToken) is var expired and > 0)
        {
            metrics.UploadsExpired(expired);
            LogUploadsExpired(expired);
            if (expired < Batch) return;
        }
    }

    private async Task<bool> IsSuspendedAsync(CancellationToken cancellationToken)
    {
        TimeSpan? elapsed = _observed is { } last ? time.GetElapsedTime(last) : null;
        _observed = time.GetTimestamp();
        var until = await garbage.ObserveClockAsync(elapsed, options.Grace, cancellationToken);
        metrics.SetSuspended(until is not null);
        if (until is null) return false;

        LogSuspended(until.Value);
        return true;
    }

    private async Task ReviewMembershipsAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await steps.ReachAsync("gc.before-review");
            var result = await garbage.ReviewMembershipsAsync(Batch, cancellationToken);
            await steps.ReachAsync("gc.after-review");
            metrics.BlobsDiscarded(result.BlobsDiscarded, result.BytesDiscarded);
            if (result.Ended > 0) LogReviewed(result.Reviewed, result.Ended, result.BlobsDiscarded, result.BytesDiscarded);
            if (result.Reviewed < Batch) return;
        }
    }

    private async Task RemoveDiscardedAsync(CancellationToken cancellationToken)
    {
        var kept = new HashSet<DiscardedLocation>();
        while (kept.Count < MaxKept)
        {
            var listed = await garbage.ListDiscardedAsync(Batch + kept.Count, cancellationToken);
            var due = listed.Where(discarded => !kept.Contains(discarded)).ToList();
            if (due.Count == 0) return;

            // A backup that is copying bytes closes the gate; what is due waits for the next round.
            using var pass = gate.TryEnter();
            if (pass is null)
            {
                LogHeldByBackup(due.Count);
                return;
            }

            // Side by side: locations made together share a folder, and with it the sync that makes their removal durable.
            await steps.ReachAsync("gc.before-delete");
            var removals = await Task.WhenAll(due.Select(discarded => TryRemoveAsync(discarded, cancellationToken)));
            await steps.ReachAsync("gc.after-delete");

            var removed = due.Where((_, i) => removals[i] is null).ToList();
            await garbage.ForgetDiscardedAsync(removed, cancellationToken);
            metrics.LocationsRemoved(removed.Count);
            if (removals.FirstOrDefault(failure => failure is not null) is { } first)
            {
                metrics.LocationsKept(due.Count - removed.Count);
                LogNotRemoved(first, due.Count - removed.Count);
                if (removed.Count == 0) return;
                kept.UnionWith(due.Except(removed));
            }

            if (due.Count < Batch) return;
        }
    }

    /// <summary>Removes one location's bytes; null, or why not. One that cannot be removed stays due, and must not keep the others from it.</summary>
    private async Task<StorageUnavailableException?> TryRemoveAsync(DiscardedLocation discarded, CancellationToken cancellationToken)
    {
        try
        {
            await store.DeleteAsync(discarded.Location, cancellationToken);
            return null;
        }
        catch (StorageUnavailableException e)
        {
            return e;
        }
    }
}
