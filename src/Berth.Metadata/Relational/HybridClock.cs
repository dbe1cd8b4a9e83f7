namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// Hybrid logical time: milliseconds since 1970 shifted left by 16, plus a counter. Each time issued is greater than every one before,
/// whatever the wall clock does. Used by the writer's thread alone.
/// </summary>
internal sealed class HybridClock(TimeProvider time, long highest)
{
    /// <summary>The bits of the counter.</summary>
    public const int CounterBits = 16;

    /// <summary>The highest time issued.</summary>
    public long Highest { get; private set; } = highest;

    /// <summary>A new time, greater than all before and than that of the row or tombstone it replaces.</summary>
    public long Next(long replaced = 0)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() << CounterBits;
        return Highest = Math.Max(now, Math.Max(Highest, replaced) + 1);
    }
}
