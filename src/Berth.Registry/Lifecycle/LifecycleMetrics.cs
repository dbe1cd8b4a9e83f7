using System.Diagnostics.Metrics;

namespace Berth.Registry.Lifecycle;

/// <summary>The metrics of garbage collection and scrubbing, under the meter <c>Berth.Registry</c>.</summary>
public sealed class LifecycleMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Histogram<double> _sweep;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _blobs;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _uploads;
    private readonly Counter<long> _locations;
    private readonly Counter<long> _kept;
    private readonly Counter<long> _scrubbed;
    private volatile bool _suspended;

    /// <summary>Makes the instruments.</summary>
    public LifecycleMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _sweep = _meter.CreateHistogram<double>("berth.gc.sweep.duration", "s", "Time of one round of garbage collection.");
        _failed = _meter.CreateCounter<long>("berth.gc.sweep.failed", "{sweep}", "Rounds of garbage collection that failed.");
        _blobs = _meter.CreateCounter<long>("berth.gc.blob.discarded", "{blob}", "Blobs that nothing named any more and that were discarded.");
        _bytes = _meter.CreateCounter<long>("berth.gc.blob.discarded.size", "By", "Their size.");
        _uploads = _meter.CreateCounter<long>("berth.gc.upload.expired", "{upload}", "Upload sessions that expired.");
        _locations = _meter.CreateCounter<long>("berth.gc.location.removed", "{location}", "Discarded locations whose bytes were removed.");
        _kept = _meter.CreateCounter<long>("berth.gc.location.kept", "{location}", "Discarded locations whose bytes could not be removed this time.");
        _scrubbed = _meter.CreateCounter<long>("berth.scrub.read", "By", "Bytes of blobs whose digest was checked.");
        _meter.CreateObservableGauge("berth.gc.suspended", () => _suspended ? 1 : 0, "{state}", "1 while deletion is suspended, else 0.");
    }

    internal void Swept(TimeSpan duration) => _sweep.Record(duration.TotalSeconds);

    internal void SweepFailed() => _failed.Add(1);

    internal void BlobsDiscarded(int blobs, long bytes = 0)
    {
        _blobs.Add(blobs);
        _bytes.Add(bytes);
    }

    internal void UploadsExpired(int uploads) => _uploads.Add(uploads);

    internal void LocationsRemoved(int locations) => _locations.Add(locations);

    internal void LocationsKept(int locations) => _kept.Add(locations);

    internal void Scrubbed(long bytes) => _scrubbed.Add(bytes);

    internal void SetSuspended(bool suspended) => _suspended = suspended;

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
