using System.Diagnostics.Metrics;

namespace Berth.Registry.Lifecycle;

/// <summary>The metrics of what workloads report, under the meter <c>Berth.Registry</c>. They are there from the start, as 0: the first report that ends is an increase, too.</summary>
public sealed class WorkloadMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _reported;
    private long _expired;

    /// <summary>Makes the instruments.</summary>
    public WorkloadMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _meter.CreateObservableCounter("berth.workloads.reported", () => Volatile.Read(ref _reported), "{report}", "Reports of workloads that were taken.");
        _meter.CreateObservableCounter(
            "berth.workloads.expired", () => Volatile.Read(ref _expired), "{report}", "Reports of workloads that ended without another one: what they alone kept is kept no more.");
    }

    internal void Reported() => Interlocked.Increment(ref _reported);

    internal void Expired(int reports) => Interlocked.Add(ref _expired, reports);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
