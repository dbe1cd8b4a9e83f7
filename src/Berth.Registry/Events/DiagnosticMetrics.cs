using System.Diagnostics.Metrics;
using Berth.Registry.Distribution;

namespace Berth.Registry.Events;

/// <summary>The metrics of the diagnostic logs, under the meter <c>Berth.Registry</c>; the counts are there from the start, as 0.</summary>
public sealed class DiagnosticMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _written;
    private long _dropped;
    private long _failed;

    /// <summary>Makes the instruments.</summary>
    public DiagnosticMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(DistributionMetrics.MeterName);
        _meter.CreateObservableCounter("berth.diagnostics.written", () => Volatile.Read(ref _written), "{line}", "Lines of the diagnostic logs that were written.");
        _meter.CreateObservableCounter(
            "berth.diagnostics.dropped", () => Volatile.Read(ref _dropped), "{event}",
            "Sign-ins, pulls and failures that are in no line of the diagnostic logs, because too many different ones came at once or could not be written for long. What changed something is never dropped.");
        _meter.CreateObservableCounter("berth.diagnostics.failed", () => Volatile.Read(ref _failed), "{round}", "Rounds in which the diagnostic logs could not be written.");
    }

    internal void Written(int lines) => Interlocked.Add(ref _written, lines);

    internal void Dropped(long events) => Interlocked.Add(ref _dropped, events);

    internal void Failed() => Interlocked.Increment(ref _failed);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
