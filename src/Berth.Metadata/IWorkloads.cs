using Berth.Oci;

namespace Berth.Metadata;

/// <summary>
/// What runs, as workloads report it. While a report holds, nothing that it names is deleted: not by a policy, not by a client, not for good. A manifest is also in use while
/// an index of its repository that lists it is, or one that it lists itself.
/// </summary>
public interface IWorkloads
{
    /// <summary>The most digests of one report.</summary>
    const int MostDigests = 10_000;

    /// <summary>The most workloads of a registry.</summary>
    const int MostWorkloads = 50_000;

    /// <summary>The most reports of a workload in a minute that change something.</summary>
    const int ChangesPerMinute = 30;

    /// <summary>A report that changes nothing moves its end by that at least, or by a tenth of its time where that is less; earlier it writes nothing.</summary>
    static readonly TimeSpan LeastProlongation = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Puts a report in the place of the one before, in one transaction. One that says what that said only lasts longer, and is not in the ledger; one too many that changes something is
    /// <see cref="CreateOutcome.TooSoon"/>. It is written on a full volume, too: what it keeps would else be deleted to make room.
    /// </summary>
    /// <param name="report">The report.</param>
    /// <param name="caller">Who reports.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<CreateResult<WorkloadRecord>> ReportWorkloadAsync(WorkloadReport report, Caller caller, CancellationToken cancellationToken);

    /// <summary>A workload with what it uses; null when there is no report of that name.</summary>
    ValueTask<WorkloadDetails?> FindWorkloadAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>The workloads of a registry by name, after the given one; those whose report ended included.</summary>
    ValueTask<Page<WorkloadRecord>> ListWorkloadsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>The workloads that report a digest, in the order in which they first reported anything, after the given row.</summary>
    ValueTask<Page<WorkloadRecord>> ListWorkloadsOfAsync(long registryId, Digest digest, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes a report: what it alone kept is kept no more. False when there is none of that name.</summary>
    Task<bool> DeleteWorkloadAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Marks reports whose time is over, each once; the result names them.</summary>
    Task<IReadOnlyList<EndedWorkload>> EndWorkloadsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Forgets some of what reports say that ended longer ago than that; returns the rows that went, 0 when none was left.</summary>
    Task<int> ForgetWorkloadsAsync(TimeSpan endedFor, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets some of what is reported of a registry that is being deleted for good; false when none was left.</summary>
    Task<bool> PurgeWorkloadsStepAsync(long registryId, int limit, CancellationToken cancellationToken);
}
