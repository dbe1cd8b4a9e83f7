namespace Berth.Metadata.Relational;

/// <summary>
/// Hybrid logical time: milliseconds since 1970 shifted left by 16, plus a counter. Each time issued is greater than every one before,
/// whatever the wall clock does. Issued to several threads at once.
/// </summary>
internal sealed class HybridClock(TimeProvider time, long highest)
{
    /// <summary>The bits of the counter.</summary>
    public const int CounterBits = 16;

    private readonly Lock _gate = new();
    private long _highest = highest;

    /// <summary>The highest time issued.</summary>
    public long Highest
    {
        get
        {
            lock (_gate) return _highest;
        }
    }

    /// <summary>A new time, greater than all before and than that of the row or tombstone it replaces.</summary>
    public long Next(long replaced = 0)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() << CounterBits;
        lock (_gate) return _highest = Math.Max(now, Math.Max(_highest, replaced) + 1);
    }
}
