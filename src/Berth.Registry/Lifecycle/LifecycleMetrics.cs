using System.Diagnostics.Metrics;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// The metrics of garbage collection, of the policies that delete, and of scrubbing, under the meter <c>Berth.Registry</c>. The counts are there from the start, as 0: the first failure is
/// an increase for whoever watches, too.
/// </summary>
public sealed class LifecycleMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Histogram<double> _sweep;
    private long _failed;
    private long _blobs;
    private long _bytes;
    private long _uploads;
    private long _locations;
    private long _kept;
    private long _restedMilliseconds;
    private long _scrubbed;
    private long _softDeleted;
    private long _restored;
    private long _purged;
    private long _untagged;
    private long _referrers;
    private long _quarantined;
    private volatile bool _suspended;
    private volatile bool _paused;

    /// <summary>Makes the instruments.</summary>
    public LifecycleMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _sweep = _meter.CreateHistogram<double>("berth.gc.sweep.duration", "s", "Time of one round of garbage collection.");
        Count("berth.gc.sweep.failed", () => Volatile.Read(ref _failed), "{sweep}", "Rounds of garbage collection that failed.");
        Count("berth.gc.blob.discarded", () => Volatile.Read(ref _blobs), "{blob}", "Blobs that nothing named any more and that were discarded.");
        Count("berth.gc.blob.discarded.size", () => Volatile.Read(ref _bytes), "By", "Their size.");
        Count("berth.gc.upload.expired", () => Volatile.Read(ref _uploads), "{upload}", "Upload sessions that expired.");
        Count("berth.gc.location.removed", () => Volatile.Read(ref _locations), "{location}", "Discarded locations whose bytes were removed.");
        Count("berth.gc.location.kept", () => Volatile.Read(ref _kept), "{location}", "Discarded locations whose bytes could not be removed this time.");
        _meter.CreateObservableCounter(
            "berth.gc.rested", () => Volatile.Read(ref _restedMilliseconds) / 1000.0, "s", "Time for which garbage collection waited between batches because much was asked for.");
        Count("berth.deletion.kept", () => Volatile.Read(ref _softDeleted), "{manifest}", "Manifests that were deleted and could be restored.");
        Count("berth.deletion.restored", () => Volatile.Read(ref _restored), "{manifest}", "Deleted manifests that were restored.");
        Count("berth.deletion.purged", () => Volatile.Read(ref _purged), "{manifest}", "Deleted manifests that were deleted for good: their time was over, or somebody asked for it.");
        Count("berth.retention.deleted", () => Volatile.Read(ref _untagged), "{manifest}", "Manifests that were deleted because no tag had named them for as long as their registry has it.");
        Count("berth.referrer.expired", () => Volatile.Read(ref _referrers), "{manifest}", "Referrers that were deleted because their subject did not come in time.");
        Count("berth.quarantine.refused", () => Volatile.Read(ref _quarantined), "{request}", "Pulls that were refused because what was asked for is quarantined.");
        Count("berth.scrub.read", () => Volatile.Read(ref _scrubbed), "By", "Bytes of blobs and manifests whose digest was checked.");
        _meter.CreateObservableGauge("berth.gc.suspended", () => _suspended ? 1 : 0, "{state}", "1 while deletion is suspended, else 0.");
        _meter.CreateObservableGauge("berth.gc.paused", () => _paused ? 1 : 0, "{state}", "1 while somebody paused deletion, else 0.");

        void Count(string name, Func<long> value, string unit, string description) => _meter.CreateObservableCounter(name, value, unit, description);
    }

    internal void Swept(TimeSpan duration) => _sweep.Record(duration.TotalSeconds);

    internal void Rested(TimeSpan time) => Interlocked.Add(ref _restedMilliseconds, (long)time.TotalMilliseconds);

    internal void SweepFailed() => Interlocked.Increment(ref _failed);

    internal void BlobsDiscarded(int blobs, long bytes)
    {
        Interlocked.Add(ref _blobs, blobs);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void UploadsExpired(int uploads) => Interlocked.Add(ref _uploads, uploads);

    internal void LocationsRemoved(int locations) => Interlocked.Add(ref _locations, locations);

    internal void LocationsKept(int locations) => Interlocked.Add(ref _kept, locations);

    internal void Scrubbed(long bytes) => Interlocked.Add(ref _scrubbed, bytes);

    internal void SoftDeleted(int manifests) => Interlocked.Add(ref _softDeleted, manifests);

    internal void Restored(int manifests) => Interlocked.Add(ref _restored, manifests);

    internal void Purged(int manifests) => Interlocked.Add(ref _purged, manifests);

    internal void DeletedUntagged(int manifests) => Interlocked.Add(ref _untagged, manifests);

    internal void ReferrersExpired(int manifests) => Interlocked.Add(ref _referrers, manifests);

    internal void QuarantineRefused() => Interlocked.Increment(ref _quarantined);

    internal void SetSuspended(bool suspended) => _suspended = suspended;

    internal void SetPaused(bool paused) => _paused = paused;

    /// <summary>Another node collects now, and says how it stands.</summary>
    internal void DoneElsewhere() => _suspended = _paused = false;

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
