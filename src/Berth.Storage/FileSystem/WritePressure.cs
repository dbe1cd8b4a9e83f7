using Berth.Storage.FileSystem.Operations;

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

    /// <summary>Is called on a thread that is about to write; what it returns is for <see cref="Observe"/>.</summary>
    public (long Timestamp, long Sleeps) Begin() => (time.GetTimestamp(), SleepsOfThread());

    /// <summary>Takes note of a write that has ended: it stalled when it took long and slept, not when it only waited for a processor.</summary>
    public void Observe((long Timestamp, long Sleeps) began)
    {
        if (time.GetElapsedTime(began.Timestamp) < Stall || SleepsOfThread() == began.Sleeps) return;
        Interlocked.Exchange(ref _highUntil, time.GetTimestamp() + (long)(Memory.TotalSeconds * time.TimestampFrequency));
    }

    private static unsafe long SleepsOfThread()
    {
        Libc.ResourceUsage usage;
        return Libc.GetResourceUsage(Libc.ThisThread, &usage) == 0 ? usage.VoluntarySwitches : 0;
    }
}
