namespace Berth.Metadata;

/// <summary>Plans: what rules would take at a moment, item by item, and the runs that do it.</summary>
public interface ILifecyclePlans
{
    /// <summary>The most items of a page, and of one step of the writer.</summary>
    const int LargestPage = 200;

    /// <summary>The most kept items that are remembered of a plan, one by one; all are counted.</summary>
    const int MostKept = 10_000;

    /// <summary>The most plans of a registry that have not ended.</summary>
    const int MostOpen = 10;

    /// <summary>Makes a plan that waits for its turn; null when the registry has as many open plans as it may, or it is a run and another has not ended.</summary>
    Task<long?> CreateLifecyclePlanAsync(NewLifecyclePlan plan, Caller caller, CancellationToken cancellationToken);

    /// <summary>The plan, or null.</summary>
    ValueTask<LifecyclePlanRecord?> FindLifecyclePlanAsync(long registryId, long id, CancellationToken cancellationToken);

    /// <summary>Previews, or runs, of a registry, the newest first.</summary>
    ValueTask<Page<LifecyclePlanRecord>> ListLifecyclePlansAsync(long registryId, bool runs, long? before, int limit, CancellationToken cancellationToken);

    /// <summary>Items of a plan that go, or that something keeps, by repository, kind and name.</summary>
    ValueTask<Page<LifecycleItem>> ListLifecycleItemsAsync(long planId, bool taken, LifecycleItemKey after, int limit, CancellationToken cancellationToken);

    /// <summary>Registries with plans that have not ended.</summary>
    ValueTask<IReadOnlyList<long>> ListOpenLifecycleRegistriesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>The oldest plan of a registry that has not ended and came after another, 0 for any, or null.</summary>
    ValueTask<LifecyclePlanRecord?> FindOpenLifecyclePlanAsync(long registryId, long after, CancellationToken cancellationToken);

    /// <summary>What holds all deletion now, or null. A run that is evaluated meanwhile would be done when that ends, by what was found long before.</summary>
    /// <param name="interval">How often the deletion clock is looked at: when that is long ago, nobody knows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<DeletionHold?> FindDeletionHoldAsync(TimeSpan interval, CancellationToken cancellationToken);

    /// <summary>The right to work on a registry's plans for a time; null while another process has it. Each write with it begins the time anew.</summary>
    Task<LifecycleLease?> LeaseLifecycleAsync(long registryId, CancellationToken cancellationToken);

    /// <summary>Gives the right back.</summary>
    Task ReleaseLifecycleAsync(LifecycleLease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Begins a plan's evaluation, anew where it was begun before: all items are forgotten but those that were done, which stay and are counted. The result is where the next call goes on;
    /// null once it has begun.
    /// </summary>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    Task<LifecycleItemKey?> BeginLifecyclePlanAsync(LifecycleLease lease, long planId, LifecycleItemKey after, CancellationToken cancellationToken);

    /// <summary>Adds items to a plan, and counts them. What goes takes the place of the same thing that something keeps; never the other way.</summary>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    Task AddLifecycleItemsAsync(LifecycleLease lease, long planId, IReadOnlyList<LifecycleItem> items, CancellationToken cancellationToken);

    /// <summary>Sets a plan's state; with an end, the ledger has a record of a run.</summary>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    Task SetLifecycleStateAsync(LifecycleLease lease, long planId, LifecyclePlanState state, string? message, CancellationToken cancellationToken);

    /// <summary>
    /// Does the next items of a run, each after a look at what could keep it, in the transaction that does it; not at what the newest are, which evaluation alone knows. Where something
    /// holds deletion it does nothing, and the run waits to be evaluated anew; only where a look at the clock is late it goes on as it is, if it was evaluated within the grace.
    /// </summary>
    /// <param name="lease">The right to do it.</param>
    /// <param name="planId">The run.</param>
    /// <param name="after">Where the step before ended.</param>
    /// <param name="grace">What was pushed within it stays; blobs that lose their last manifest have a lease as long.</param>
    /// <param name="interval">How often the deletion clock is looked at: nothing is done when that is long ago.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    Task<LifecycleStep> ActLifecycleStepAsync(
        LifecycleLease lease, long planId, LifecycleItemKey after, TimeSpan grace, TimeSpan interval, CancellationToken cancellationToken);

    /// <summary>Writes down how many bytes return with items that were measured, and adds them to the plan's.</summary>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    Task SetLifecycleBytesAsync(LifecycleLease lease, long planId, IReadOnlyList<LifecycleItem> measured, CancellationToken cancellationToken);

    /// <summary>Forgets some of the items of plans that ended before a time, and plans that ended long before; false when nothing is left to forget.</summary>
    Task<bool> ForgetLifecycleStepAsync(DateTimeOffset itemsBefore, DateTimeOffset plansBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets some of the rules and plans of a registry that is being deleted for good; false when none was left.</summary>
    Task<bool> PurgeLifecycleStepAsync(long registryId, int limit, CancellationToken cancellationToken);
}

/// <summary>Somebody else has taken over the work on a registry's plans.</summary>
/// <param name="registryId">The registry's row.</param>
public sealed class LifecycleLeaseLostException(long registryId)
    : Exception($"The work on the lifecycle plans of the registry of row {registryId} was taken over by another process, which goes on with it.");
