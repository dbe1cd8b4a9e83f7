using System.Diagnostics;
using System.Numerics;

namespace Berth.Bench.Load;

/// <summary>Latencies in microseconds, in buckets at most 1.6 % wide.</summary>
internal sealed class Histogram
{
    private readonly long[] _counts = new long[64 * 40];

    public long Count { get; private set; }

    /// <summary>Adds the time between two <see cref="Stopwatch"/> timestamps.</summary>
    public void Record(long startedAt, long endedAt)
    {
        var microseconds = (endedAt - startedAt) * 1_000_000 / Stopwatch.Frequency;
        _counts[IndexOf(Math.Max(0, microseconds))]++;
        Count++;
    }

    public void Add(Histogram other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>The latency in milliseconds that the given share of all operations did not exceed.</summary>
    public double Percentile(double share)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(Count * share));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return ValueOf(i) / 1000.0;
        }

        return 0;
    }

    private static int IndexOf(long microseconds)
    {
        if (microseconds < 128) return (int)microseconds;
        var shift = BitOperations.Log2((ulong)microseconds) - 6;
        return (shift << 6) + (int)(microseconds >> shift);
    }

    private static long ValueOf(int index) => index < 128 ? index : ((index & 63) + 64L) << ((index >> 6) - 1);
}
