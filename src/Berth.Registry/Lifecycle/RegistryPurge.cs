using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Deletes for good what deleted registries hold, once their time is over or somebody asked for it: repository by repository, what was deleted there before, then accounts,
/// scope maps and lifecycle rules. A round takes a bounded number of steps; the next one goes on.
/// </summary>
public sealed partial class RegistryPurge(
    IDeletedRegistries deleted, IExpiry expiry, IWorkloads workloads, IRepositories repositories, ILifecyclePlans plans, GarbagePace pace, LifecycleOptions options, TimeProvider time,
    ILogger<RegistryPurge> logger)
{
    private const int Batch = 100;
    private const int StepsOfARound = 200;

    // The one at which the last round ran out of steps, failed or was paused; 0 where it came to its end.
    private long _stoppedAt;

    /// <summary>Takes the steps of one round; false where a pause ended it. Called by garbage collection; never by two at once.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (!await pace.MayGoOnAsync(cancellationToken)) return false;
        await deleted.BeginDuePurgesAsync(Batch, cancellationToken);

        // It begins behind that one: a registry that takes many rounds, or comes to no end, keeps no other from its own.
        var stoppedAt = _stoppedAt;
        var round = new Round(pace);
        await RunAsync(stoppedAt, long.MaxValue, round, cancellationToken);
        if (!round.IsOver && stoppedAt > 0) await RunAsync(0, stoppedAt, round, cancellationToken);
        if (!round.IsOver) _stoppedAt = 0;
        return !round.IsPaused;
    }

    /// <summary>Works on those behind one, up to another.</summary>
    private async Task RunAsync(long after, long last, Round round, CancellationToken cancellationToken)
    {
        while (!round.IsOver)
        {
            var page = await deleted.ListPurgingAsync(after, Batch, cancellationToken);
            foreach (var registry in page)
            {
                if (registry > last) return;
                _stoppedAt = after = registry;
                round.Spend();
                await PurgeAsync(registry, round, cancellationToken);
                if (round.IsOver) return;
            }

            if (page.Count < Batch) return;
        }
    }

    private async Task PurgeAsync(long registry, Round round, CancellationToken cancellationToken)
    {
        // Nothing can be pulled from it any more: what runs keeps nothing there.
        while (await round.MayGoOnAsync(cancellationToken) && await workloads.PurgeWorkloadsStepAsync(registry, Batch, cancellationToken)) round.Spend();
        await DeleteContentAsync(registry, round, cancellationToken);
        while (await round.MayGoOnAsync(cancellationToken) && await expiry.PurgeDeletedStepAsync(registry, options.Grace, Batch, cancellationToken)) round.Spend();
        while (await round.MayGoOnAsync(cancellationToken) && await deleted.PurgeAccountsStepAsync(registry, Batch, cancellationToken)) round.Spend();
        while (await round.MayGoOnAsync(cancellationToken) && await plans.PurgeLifecycleStepAsync(registry, Batch, cancellationToken)) round.Spend();
        if (round.IsOver) return;

        // What came in at the last moment is left for the next round.
        if (await deleted.EndPurgeAsync(registry, cancellationToken)) LogPurged(registry);
    }

    private async Task DeleteContentAsync(long registry, Round round, CancellationToken cancellationToken)
    {
        for (string? after = null; !round.IsOver;)
        {
            // With those that lists leave out.
            var page = await repositories.ListEveryRepositoryAsync(registry, [NameRange.All], after, Batch, cancellationToken);
            foreach (var repository in page.Items.Select(RepositoryName.Parse))
            {
                await deleted.UnlockForPurgeAsync(registry, repository, cancellationToken);
                RepositoryDeletionCursor? cursor = null;
                do
                {
                    if (!await round.MayGoOnAsync(cancellationToken)) return;
                    round.Spend();
                    var step = await repositories.DeleteRepositoryStepAsync(
                        registry, repository, cursor, time.GetUtcNow() + options.Grace, Caller.System, cancellationToken);
                    cursor = step.Next;
                }
                while (cursor is not null);
            }

            if (!page.More) return;
            after = page.Last;
        }
    }

    /// <summary>What is left of a round.</summary>
    private sealed class Round(GarbagePace pace)
    {
        private int _steps = StepsOfARound;

        /// <summary>Whether a pause ended it.</summary>
        public bool IsPaused { get; private set; }

        /// <summary>Whether nothing more is done in it.</summary>
        public bool IsOver => IsPaused || _steps <= 0;

        /// <summary>Takes a step off.</summary>
        public void Spend() => _steps--;

        /// <summary>Waits until the next step may begin; false when none may.</summary>
        public async Task<bool> MayGoOnAsync(CancellationToken cancellationToken)
        {
            if (IsOver) return false;
            IsPaused = !await pace.MayGoOnAsync(cancellationToken);
            return !IsPaused;
        }
    }
}
