using System.Collections.Concurrent;
using Berth.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Jobs;

/// <summary>
/// Rounds of background work that one node of the installation does at a time, under a lease with the job's name. What a round writes is refused once another node
/// has taken the lease over (<see cref="LeaseFence"/>). Where no other process can use the database, rounds just run.
/// </summary>
public sealed partial class SharedJobs(ILeases leases, Node node, TimeProvider time, JobMetrics metrics, ILogger<SharedJobs> logger) : IHostedService
{
    /// <summary>How long a node that stands still or ended keeps a job from the others.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    /// <summary>What the last words of a node may take, whatever time its requests had.</summary>
    internal static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lease> _held = new(StringComparer.Ordinal);

    /// <summary>Runs a round of the job, unless another node does the job; whether it ran.</summary>
    /// <param name="job">The job's name, the same on all nodes.</param>
    /// <param name="keep">For how long the job stays with this node after the round, so that the next round is here, too.</param>
    /// <param name="round">The round. Its first argument says whether another node may have done the job since the last round here.</param>
    /// <param name="cancellationToken">Ends the round.</param>
    /// <exception cref="LeaseLostException">The round wrote after another node took the job over.</exception>
    public async Task<bool> RunAsync(string job, TimeSpan keep, Func<bool, CancellationToken, Task> round, CancellationToken cancellationToken)
    {
        if (!leases.AreShared)
        {
            await round(false, cancellationToken);
            return true;
        }

        if (await leases.TakeLeaseAsync(job, node.Id, LeaseTime, cancellationToken) is not { } lease)
        {
            _held.TryRemove(job, out _);
            return false;
        }

        var isNew = !_held.TryGetValue(job, out var before) || before.Fence != lease.Fence;
        _held[job] = lease;
        if (isNew) LogTaken(job);
        metrics.Ran(job);
        await RunUnderAsync(lease, keep, token => round(isNew, token), cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Gives all leases back: the jobs have ended before.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // Not under the token that is given: it is at its end where requests were cut off, and other nodes would wait for each lease to end by itself.
        using var limit = new CancellationTokenSource(LastWords);
        foreach (var lease in _held.Values)
        {
            try
            {
                await leases.ReleaseLeaseAsync(lease, limit.Token);
            }
            catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException or OperationCanceledException)
            {
                // It ends by itself.
                LogNotReleased(e, lease.Name);
            }
        }
    }

    private async Task RunUnderAsync(Lease lease, TimeSpan keep, Func<CancellationToken, Task> round, CancellationToken cancellationToken)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewing = RenewAsync(lease, lost, over.Token);
        try
        {
            using (LeaseFence.Enter(lease)) await round(lost.Token);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new LeaseLostException(lease);
        }
        finally
        {
            await over.CancelAsync();
            await renewing;
        }

        await leases.RenewLeaseAsync(lease, keep > LeaseTime ? keep : LeaseTime, cancellationToken);
    }

    // While a round goes on. Where the database does not answer for as long as the lease lasts, the round ends: another node may have begun by then.
    private async Task RenewAsync(Lease lease, CancellationTokenSource lost, CancellationToken over)
    {
        var renewed = time.GetTimestamp();
        using var timer = new PeriodicTimer(LeaseTime / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                var asked = time.GetTimestamp();
                try
                {
                    if (!await leases.RenewLeaseAsync(lease, LeaseTime, over)) break;
                    renewed = asked;
                }
                catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
                {
                    LogNotRenewed(e, lease.Name);
                    if (time.GetElapsedTime(renewed) >= LeaseTime) break;
                }
            }

            metrics.Lost(lease.Name);
            LogLost(lease.Name);
            await lost.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }
}
