using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Does what the policies of registries ask for: deletes manifests that no tag has named for as long as their registry has it, and deletes for good what was
/// deleted as long ago as its registry keeps it. Referrers whose subject did not come in its time go, too. A round takes a bounded number of steps; the next one goes on.
/// </summary>
public sealed partial class DeletionPolicies(IExpiry expiry, GarbagePace pace, LifecycleOptions options, LifecycleMetrics metrics, ILogger<DeletionPolicies> logger)
{
    private const int StepsOfARound = 500;

    /// <summary>Takes the steps of one round; false where a pause ended it. Called by garbage collection; never by two at once.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken) =>
        await DeleteUntaggedAsync(cancellationToken) && await ExpireReferrersAsync(cancellationToken) && await ExpireAsync(cancellationToken);

    private async Task<bool> DeleteUntaggedAsync(CancellationToken cancellationToken)
    {
        var (deleted, putOff, isPaused) = (0, 0, false);
        for (var step = 0; step < StepsOfARound; step++)
        {
            isPaused = !await pace.MayGoOnAsync(cancellationToken);
            if (isPaused) break;
            var result = await expiry.DeleteUntaggedAsync(options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.DeletedUntagged(result.Deleted);
            metrics.SoftDeleted(result.Restorable);
            (deleted, putOff) = (deleted + result.Deleted, putOff + result.PutOff);
            if (!result.More) break;
        }

        if (deleted > 0) LogUntaggedDeleted(deleted, putOff);
        return !isPaused;
    }

    private async Task<bool> ExpireReferrersAsync(CancellationToken cancellationToken)
    {
        var (deleted, putOff, isPaused) = (0, 0, false);
        for (var step = 0; step < StepsOfARound; step++)
        {
            isPaused = !await pace.MayGoOnAsync(cancellationToken);
            if (isPaused) break;
            var result = await expiry.ExpireReferrersAsync(options.ReferrerExpiry, options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.ReferrersExpired(result.Deleted);
            metrics.SoftDeleted(result.Restorable);
            (deleted, putOff) = (deleted + result.Deleted, putOff + result.PutOff);
            if (!result.More) break;
        }

        if (deleted > 0) LogReferrersExpired(deleted, putOff);
        return !isPaused;
    }

    private async Task<bool> ExpireAsync(CancellationToken cancellationToken)
    {
        var (purged, tags, isPaused) = (0, 0, false);
        for (var step = 0; step < StepsOfARound; step++)
        {
            isPaused = !await pace.MayGoOnAsync(cancellationToken);
            if (isPaused) break;
            var result = await expiry.ExpireDeletedAsync(options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.Purged(result.Deleted);
            (purged, tags) = (purged + result.Deleted, tags + result.Tags);
            if (!result.More) break;
        }

        if (purged + tags > 0) LogExpired(purged, tags);
        return !isPaused;
    }
}
