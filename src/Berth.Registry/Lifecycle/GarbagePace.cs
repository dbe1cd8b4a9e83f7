using Berth.Metadata;

namespace Berth.Registry.Lifecycle;

/// <summary>How fast garbage collection goes: whether somebody paused it, and how many batches it takes in a second.</summary>
public sealed class GarbagePace(IGarbageControl control, LifecycleOptions options, TimeProvider time, LifecycleMetrics metrics)
{
    private long? _last;

    /// <summary>Waits until the next batch may begin; false when deletion is paused, and the round is to end.</summary>
    public async Task<bool> MayGoOnAsync(CancellationToken cancellationToken)
    {
        var isPaused = (await control.ReadDeletionStateAsync(cancellationToken)).PausedUntil is not null;
        metrics.SetPaused(isPaused);
        if (isPaused) return false;
        if (options.BatchesPerSecond > 0 && _last is { } last)
        {
            var wait = TimeSpan.FromSeconds(1 / options.BatchesPerSecond) - time.GetElapsedTime(last);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
        }

        _last = time.GetTimestamp();
        return true;
    }
}
