using System.Diagnostics.Metrics;

namespace Berth.Registry.Jobs;

/// <summary>The metrics of nodes and of the work that they share, under the meter <c>Berth.Registry</c>.</summary>
public sealed class JobMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _rounds;
    private readonly Counter<long> _lost;

    /// <summary>Makes the instruments.</summary>
    public JobMetrics(IMeterFactory factory, Node node)
    {
        _meter = factory.Create("Berth.Registry");
        _rounds = _meter.CreateCounter<long>("berth.job.rounds", "{round}", "Rounds of jobs that one node does at a time, which this node did, by job.");
        _lost = _meter.CreateCounter<long>("berth.job.lost", "{round}", "Rounds of jobs that ended because another node took the job over, by job.");
        _meter.CreateObservableGauge("berth.node.clock_offset", () => node.ClockOffset.TotalSeconds, "s", "By how much this node's clock is ahead of the database's.");
    }

    internal void Ran(string job) => _rounds.Add(1, new KeyValuePair<string, object?>("job", job));

    internal void Lost(string job) => _lost.Add(1, new KeyValuePair<string, object?>("job", job));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
