namespace Berth.Storage.FileSystem;

/// <summary>
/// Whether writing into the page cache stalls. Normally it is a copy in memory, cheapest on the caller's thread; when the kernel holds
/// writers back because the disk cannot follow, a write sleeps, and must not do so on a thread of the pool.
/// </summary>
internal sealed class WritePressure(TimeProvider time)
{
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private long _highUntil = long.MinValue;

    /// <summary>Whether a write stalled a moment ago.</summary>
    public bool IsHigh => time.GetTimestamp() < Interlocked.Read(ref _highUntil);

    /// <summary>Takes note of how long a write took that began at the timestamp.</summary>
    public void Observe(long began)
    {
        if (time.GetElapsedTime(began) < Stall) return;
        Interlocked.Exchange(ref _highUntil, time.GetTimestamp() + (long)(Memory.TotalSeconds * time.TimestampFrequency));
    }
}
