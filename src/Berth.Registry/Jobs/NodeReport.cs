using Berth.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Jobs;

/// <summary>
/// Says, every ten seconds where nodes share a database and once where they cannot, that this node is there, and looks at its clock. A node that ends says so; one that
/// was killed is seen as silent, and forgotten after a day.
/// </summary>
internal sealed partial class NodeReport(INodes nodes, ILeases leases, Node node, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<NodeReport> logger)
    : BackgroundService
{
    /// <summary>How often a node says that it is there.</summary>
    public static readonly TimeSpan Interval = NodeRecord.Silence / 3;

    /// <summary>For how long a node that says nothing is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // Also where requests were cut off, at which the token is at its end.
        using var limit = new CancellationTokenSource(SharedJobs.LastWords);
        try
        {
            await nodes.RemoveNodeAsync(node.Id, limit.Token);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException or OperationCanceledException)
        {
            LogNotRemoved(e);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var draining = lifetime.ApplicationStopping.Register(() => _ = ReportAsync(CancellationToken.None));
        // Nobody else serves.
        if (!leases.AreShared) node.LeastLevel = NodeDescription.PromisedSessions;
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await ReportAsync(stoppingToken);
        }
        while (leases.AreShared && await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        try
        {
            var wasOff = node.IsClockOff;
            var memory = leases.AreShared ? Memory : TimeSpan.Zero;
            node.ClockOffset = await nodes.ReportNodeAsync(
                node.Describe(lifetime.ApplicationStopping.IsCancellationRequested), node.OwnTime, memory, cancellationToken);
            if (leases.AreShared) node.LeastLevel = await nodes.FindLeastLevelAsync(NodeRecord.Silence, cancellationToken);
            if (node.IsClockOff && !wasOff) LogClockIsOff(node.ClockOffset);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException or ObjectDisposedException)
        {
            LogNotReported(e);
        }
    }
}
