using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Says loudly, and once, that a workload's report ended without another one: what it alone kept may go from then on. Reports that ended long ago are forgotten. A round takes
/// a bounded number of steps; the next one goes on.
/// </summary>
public sealed partial class WorkloadExpiry(IWorkloads workloads, WorkloadMetrics metrics, ILogger<WorkloadExpiry> logger)
{
    private const int Batch = IGarbage.LargestBatch;
    private const int StepsOfARound = 500;

    /// <summary>How long a report is listed after its end.</summary>
    public static readonly TimeSpan Listed = TimeSpan.FromDays(90);

    /// <summary>Takes the steps of one round. Called by garbage collection, before anything is deleted; never by two at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var step = 0; step < StepsOfARound; step++)
        {
            var ended = await workloads.EndWorkloadsAsync(Batch, cancellationToken);
            metrics.Expired(ended.Count);
            foreach (var (registry, workload) in ended)
                LogExpired(workload.Name, registry, workload.Cluster ?? "-", workload.Namespace ?? "-", workload.Owner ?? "-", workload.ExpiresAt, workload.ReportedAt);
            if (ended.Count < Batch) break;
        }

        for (var step = 0; step < StepsOfARound; step++)
        {
            if (await workloads.ForgetWorkloadsAsync(Listed, Batch, cancellationToken) == 0) return;
        }
    }
}
