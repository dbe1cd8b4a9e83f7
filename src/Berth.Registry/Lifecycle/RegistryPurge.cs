using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Deletes for good what deleted registries hold, once their time is over or somebody asked for it: repository by repository, what was deleted there before, then accounts,
/// scope maps and lifecycle rules. A round takes a bounded number of steps; the next one goes on.
/// </summary>
public sealed partial class RegistryPurge(
    IDeletedRegistries deleted, IExpiry expiry, IWorkloads workloads, IRepositories repositories, ILifecyclePlans plans, LifecycleOptions options, TimeProvider time,
    ILogger<RegistryPurge> logger)
{
    private const int Batch = 100;
    private const int StepsOfARound = 200;

    // The one at which the last round ran out of steps, or failed; 0 where it came to its end.
    private long _stoppedAt;

    /// <summary>Takes the steps of one round. Called by garbage collection; never by two at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await deleted.BeginDuePurgesAsync(Batch, cancellationToken);

        // It begins behind that one: a registry that takes many rounds, or comes to no end, keeps no other from its own.
        var stoppedAt = _stoppedAt;
        var steps = await RunAsync(stoppedAt, long.MaxValue, StepsOfARound, cancellationToken);
        if (steps > 0 && stoppedAt > 0) steps = await RunAsync(0, stoppedAt, steps, cancellationToken);
        if (steps > 0) _stoppedAt = 0;
    }

    /// <summary>Works on those behind one, up to another; the result is how many steps are left.</summary>
    private async Task<int> RunAsync(long after, long last, int steps, CancellationToken cancellationToken)
    {
        while (steps > 0)
        {
            var page = await deleted.ListPurgingAsync(after, Batch, cancellationToken);
            foreach (var registry in page)
            {
                if (registry > last) return steps;
                _stoppedAt = after = registry;
                steps = await PurgeAsync(registry, steps - 1, cancellationToken);
                if (steps <= 0) return 0;
            }

            if (page.Count < Batch) break;
        }

        return steps;
    }

    /// <summary>Works on one; the result is how many steps are left.</summary>
    private async Task<int> PurgeAsync(long registry, int steps, CancellationToken cancellationToken)
    {
        // Nothing can be pulled from it any more: what runs keeps nothing there.
        while (steps > 0 && await workloads.PurgeWorkloadsStepAsync(registry, Batch, cancellationToken)) steps--;
        steps = await DeleteContentAsync(registry, steps, cancellationToken);
        while (steps > 0 && await expiry.PurgeDeletedStepAsync(registry, options.Grace, Batch, cancellationToken)) steps--;
        while (steps > 0 && await deleted.PurgeAccountsStepAsync(registry, Batch, cancellationToken)) steps--;
        while (steps > 0 && await plans.PurgeLifecycleStepAsync(registry, Batch, cancellationToken)) steps--;
        if (steps <= 0) return 0;

        // What came in at the last moment is left for the next round.
        if (await deleted.EndPurgeAsync(registry, cancellationToken)) LogPurged(registry);
        return steps;
    }

    /// <summary>Deletes repositories; the result is how many steps are left.</summary>
    private async Task<int> DeleteContentAsync(long registry, int steps, CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            // With those that lists leave out.
            var page = await repositories.ListEveryRepositoryAsync(registry, [NameRange.All], after, Batch, cancellationToken);
            foreach (var repository in page.Items.Select(RepositoryName.Parse))
            {
                await deleted.UnlockForPurgeAsync(registry, repository, cancellationToken);
                RepositoryDeletionCursor? cursor = null;
                do
                {
                    if (steps-- <= 0) return 0;
                    var step = await repositories.DeleteRepositoryStepAsync(
                        registry, repository, cursor, time.GetUtcNow() + options.Grace, Caller.System, cancellationToken);
                    cursor = step.Next;
                }
                while (cursor is not null);
            }

            if (!page.More) return steps;
            after = page.Last;
        }
    }
}
