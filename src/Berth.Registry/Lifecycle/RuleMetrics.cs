using System.Diagnostics.Metrics;

namespace Berth.Registry.Lifecycle;

/// <summary>The metrics of lifecycle rules, under the meter <c>Berth.Registry</c>; the counts are there from the start, as 0.</summary>
public sealed class RuleMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _evaluated;
    private long _done;
    private long _skipped;
    private long _stopped;
    private long _failed;
    private long _lag;

    /// <summary>Makes the instruments.</summary>
    public RuleMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        Count("berth.lifecycle.plan.evaluated", () => Volatile.Read(ref _evaluated), "{plan}", "Previews and runs of lifecycle rules whose rules were evaluated.");
        Count("berth.lifecycle.item.done", () => Volatile.Read(ref _done), "{item}", "Tags and manifests that runs of lifecycle rules removed or locked.");
        Count("berth.lifecycle.item.skipped", () => Volatile.Read(ref _skipped), "{item}", "Tags and manifests that runs of lifecycle rules left at the last moment, because something kept them.");
        Count("berth.lifecycle.run.stopped", () => Volatile.Read(ref _stopped), "{run}", "Runs of lifecycle rules that were stopped because they differed too much from their preview.");
        Count("berth.lifecycle.failed", () => Volatile.Read(ref _failed), "{failure}", "Failures of previews, runs and schedules of lifecycle rules.");
        _meter.CreateObservableGauge(
            "berth.lifecycle.schedule.lag", () => TimeSpan.FromTicks(Volatile.Read(ref _lag)).TotalSeconds, "s",
            "How late the rule was that was late the most when schedules were last looked at; 0 when none was due.");

        void Count(string name, Func<long> value, string unit, string description) => _meter.CreateObservableCounter(name, value, unit, description);
    }

    internal void Evaluated() => Interlocked.Increment(ref _evaluated);

    internal void Acted(int done, int skipped)
    {
        Interlocked.Add(ref _done, done);
        Interlocked.Add(ref _skipped, skipped);
    }

    internal void Stopped() => Interlocked.Increment(ref _stopped);

    internal void SetLag(TimeSpan lag) => Volatile.Write(ref _lag, lag > TimeSpan.Zero ? lag.Ticks : 0);

    internal void Failed() => Interlocked.Increment(ref _failed);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
