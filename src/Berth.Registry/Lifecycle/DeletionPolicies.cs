using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Does what the policies of registries ask for: deletes manifests that no tag has named for as long as their registry has it, and deletes for good what was
/// deleted as long ago as its registry keeps it. Referrers whose subject did not come in its time go, too. A round takes a bounded number of steps; the next one goes on.
/// </summary>
public sealed partial class DeletionPolicies(IExpiry expiry, LifecycleOptions options, LifecycleMetrics metrics, ILogger<DeletionPolicies> logger)
{
    private const int StepsOfARound = 500;

    /// <summary>Takes the steps of one round. Called by garbage collection; never by two at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await DeleteUntaggedAsync(cancellationToken);
        await ExpireReferrersAsync(cancellationToken);
        await ExpireAsync(cancellationToken);
    }

    private async Task DeleteUntaggedAsync(CancellationToken cancellationToken)
    {
        var (deleted, putOff) = (0, 0);
        for (var step = 0; step < StepsOfARound; step++)
        {
            var result = await expiry.DeleteUntaggedAsync(options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.DeletedUntagged(result.Deleted);
            metrics.SoftDeleted(result.Restorable);
            (deleted, putOff) = (deleted + result.Deleted, putOff + result.PutOff);
            if (!result.More) break;
        }

        if (deleted > 0) LogUntaggedDeleted(deleted, putOff);
    }

    private async Task ExpireReferrersAsync(CancellationToken cancellationToken)
    {
        var (deleted, putOff) = (0, 0);
        for (var step = 0; step < StepsOfARound; step++)
        {
            var result = await expiry.ExpireReferrersAsync(options.ReferrerExpiry, options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.ReferrersExpired(result.Deleted);
            metrics.SoftDeleted(result.Restorable);
            (deleted, putOff) = (deleted + result.Deleted, putOff + result.PutOff);
            if (!result.More) break;
        }

        if (deleted > 0) LogReferrersExpired(deleted, putOff);
    }

    private async Task ExpireAsync(CancellationToken cancellationToken)
    {
        var (purged, tags) = (0, 0);
        for (var step = 0; step < StepsOfARound; step++)
        {
            var result = await expiry.ExpireDeletedAsync(options.Grace, IGarbage.LargestBatch, cancellationToken);
            metrics.Purged(result.Deleted);
            (purged, tags) = (purged + result.Deleted, tags + result.Tags);
            if (!result.More) break;
        }

        if (purged + tags > 0) LogExpired(purged, tags);
    }
}
