using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Jobs;
using Berth.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Collects what nothing names any more, while pushes and pulls go on: memberships past their lease, blobs without a membership,
/// expired upload sessions, and at last the bytes at discarded locations. What is due comes from indexes; the store is never walked.
/// </summary>
public sealed partial class GarbageCollector(
    IGarbage garbage, RegistryPurge purge, WorkloadExpiry workloads, DeletionPolicies policies, GarbagePace pace, GarbageRounds rounds, IBlobStore store, IDeletionGate gate, SharedJobs jobs, LifecycleOptions options, TimeProvider time, ISteps steps, LifecycleMetrics metrics,
    ILogger<GarbageCollector> logger) : BackgroundService
{
    private const int Batch = IGarbage.LargestBatch;

    // A batch of reviews holds the one writer, and pushes that come meanwhile wait for it: with so few for less than a millisecond, and a commit that they share with it.
    private const int Reviews = 10;

    // Bytes are removed side by side, so that one sync makes several removals durable, but not all at once: whoever pulls waits for a processor no longer than for these.
    private const int RemovalsAtOnce = 32;

    // Where the next batch begins: behind what could not be removed, which must not keep the rest from it.
    private DiscardedCursor _removedUpTo;

    // Since bytes were removed last.
    private int _discarded;
    private long? _observed;

    /// <summary>Does all that is due now. Called by the background loop; never by two at once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        if (await IsSuspendedAsync(cancellationToken) || !await pace.MayBeginAsync(cancellationToken))
        {
            // Room may come free by other hands than ours: pushes go on when the reserve is held again.
            await gate.TakeReservesBackAsync(cancellationToken);
            return;
        }

        using var span = RegistryTracing.StartRound("gc.round");
        rounds.Begin();
        var isWhole = false;
        try
        {
            isWhole = await CollectAsync(cancellationToken);
        }
        catch (Exception e) when (RegistryTracing.Failed(span, e))
        {
            throw;
        }
        finally
        {
            rounds.End(Stopwatch.GetElapsedTime(started), isWhole);
        }

        await gate.TakeReservesBackAsync(cancellationToken);
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
                if (!await jobs.RunAsync("garbage-collection", 2 * options.Interval, TakeTurnAsync, stoppingToken)) metrics.DoneElsewhere();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // What was not done stays due; the next round takes it up.
                metrics.SweepFailed();
                LogSweepFailed(e);
            }
        }
    }

    private Task TakeTurnAsync(bool isNew, CancellationToken cancellationToken)
    {
        // What another node saw and removed meanwhile is not what this one remembers.
        if (isNew) (_observed, _removedUpTo) = (null, default);
        return SweepAsync(cancellationToken);
    }

    /// <summary>Takes the steps of a round; false where a pause ended it.</summary>
    private async Task<bool> CollectAsync(CancellationToken cancellationToken)
    {
        if (pace.IsRoomWanted() && !await RemoveDiscardedAsync(cancellationToken)) return false;
        await ExpireUploadsAsync(cancellationToken);
        await workloads.RunAsync(cancellationToken);
        if (!await policies.RunAsync(cancellationToken) || !await purge.RunAsync(cancellationToken)) return false;
        if (!await ReviewMembershipsAsync(cancellationToken) || !await ReviewBlobsAsync(cancellationToken) || !await RemoveDiscardedAsync(cancellationToken)) return false;
        while (await garbage.TidyAsync(options.LedgerRetention, Batch, cancellationToken) >= Batch)
        {
        }

        return true;
    }

    private async Task ExpireUploadsAsync(CancellationToken cancellationToken)
    {
        while (await garbage.ExpireUploadsAsync(Batch, cancellationToken) is var expired and > 0)
        {
            metrics.UploadsExpired(expired);
            rounds.AddExpired(expired);
            LogUploadsExpired(expired);
            if (expired < Batch) break;
        }

        while (await garbage.ReleaseIdleReservationsAsync(options.IdleReservation, Batch, cancellationToken) >= Batch)
        {
        }
    }

    private async Task<bool> IsSuspendedAsync(CancellationToken cancellationToken)
    {
        TimeSpan? elapsed = _observed is { } last ? time.GetElapsedTime(last) : null;
        var now = time.GetTimestamp();
        var until = await garbage.ObserveClockAsync(elapsed, options.Grace, cancellationToken);

        // Only what was persisted counts: time in which that failed must be part of the next step.
        _observed = now;
        metrics.SetSuspended(until is not null);
        if (until is null) return false;

        LogSuspended(until.Value);
        return true;
    }

    private async Task<bool> ReviewMembershipsAsync(CancellationToken cancellationToken)
    {
        while (await pace.MayGoOnAsync(cancellationToken))
        {
            await steps.ReachAsync("gc.before-review");
            var result = await garbage.ReviewMembershipsAsync(Reviews, cancellationToken);
            await steps.ReachAsync("gc.after-review");
            metrics.BlobsDiscarded(result.BlobsDiscarded, result.BytesDiscarded);
            rounds.Add(result);
            if (result.Ended > 0) LogReviewed(result.Reviewed, result.Ended, result.BlobsDiscarded, result.BytesDiscarded);
            if (!await MakeRoomAsync(result.BlobsDiscarded, cancellationToken)) return false;
            if (result.Reviewed < Reviews) return true;
        }

        return false;
    }

    private async Task<bool> ReviewBlobsAsync(CancellationToken cancellationToken)
    {
        while (await pace.MayGoOnAsync(cancellationToken))
        {
            var result = await garbage.ReviewBlobsAsync(Reviews, cancellationToken);
            metrics.BlobsDiscarded(result.Discarded, result.BytesDiscarded);
            rounds.Add(result);
            if (!await MakeRoomAsync(result.Discarded, cancellationToken)) return false;
            if (result.Reviewed < Reviews) return true;
        }

        return false;
    }

    // Bytes are the last to go in a round, so that reviews, which are all that a client may wait for, come first. Where pushes wait for room it is the other way round.
    private async Task<bool> MakeRoomAsync(int discarded, CancellationToken cancellationToken)
    {
        _discarded += discarded;
        return _discarded < Batch || !pace.IsRoomWanted() || await RemoveDiscardedAsync(cancellationToken);
    }

    private async Task<bool> RemoveDiscardedAsync(CancellationToken cancellationToken)
    {
        _discarded = 0;
        while (await pace.MayGoOnAsync(cancellationToken))
        {
            var (due, next) = await garbage.ListDiscardedAsync(_removedUpTo, Batch, cancellationToken);
            var (tried, removed) = await RemoveAsync(due, cancellationToken);
            if (gate.IsFull) await gate.TakeReservesBackAsync(cancellationToken);
            if (tried < due.Count)
            {
                LogHeldByBackup(due.Count - tried);
                return true;
            }

            _removedUpTo = due.Count < Batch ? default : next;
            if (due.Count < Batch || removed == 0) return true;
        }

        return false;
    }

    /// <summary>
    /// Removes bytes, and forgets the locations that have none any more. Those that cannot be removed stay due, and so do those that were not tried because a backup is copying bytes: it closes
    /// the gate, which is entered for each few of them anew, and never held while this rests.
    /// </summary>
    private async Task<(int Tried, int Removed)> RemoveAsync(IReadOnlyList<DiscardedLocation> due, CancellationToken cancellationToken)
    {
        var failures = new List<IOException?>(due.Count);
        foreach (var some in due.Chunk(RemovalsAtOnce))
        {
            if (failures.Count > 0) await pace.RestAsync(cancellationToken);
            using var pass = gate.TryEnter();
            if (pass is null) break;
            await steps.ReachAsync("gc.before-delete");
            failures.AddRange(await Task.WhenAll(some.Select(discarded => TryRemoveAsync(discarded, cancellationToken))));
        }

        await steps.ReachAsync("gc.after-delete");

        var removed = due.Take(failures.Count).Where((_, i) => failures[i] is null).ToList();
        await garbage.ForgetDiscardedAsync(removed, cancellationToken);
        metrics.LocationsRemoved(removed.Count);
        rounds.AddRemoved(removed.Count);
        if (failures.Find(failure => failure is not null) is { } first)
        {
            metrics.LocationsKept(failures.Count - removed.Count);
            LogNotRemoved(first, failures.Count - removed.Count);
        }

        return (failures.Count, removed.Count);
    }

    private async Task<IOException?> TryRemoveAsync(DiscardedLocation discarded, CancellationToken cancellationToken)
    {
        try
        {
            await store.DeleteAsync(discarded.Location, cancellationToken);
            return null;
        }
        catch (IOException e) when (e is StorageUnavailableException or StorageFullException)
        {
            return e;
        }
    }
}
