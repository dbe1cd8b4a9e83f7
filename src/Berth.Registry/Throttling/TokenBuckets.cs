using System.Collections.Concurrent;

namespace Berth.Registry.Throttling;

/// <summary>
/// The buckets of those who asked lately. One that is full again says nothing and is forgotten; when more are in use than there is room for, newcomers share one, so that
/// whoever invents callers cannot fill the memory, nor empty the buckets of those who are known.
/// </summary>
internal sealed class TokenBuckets(INodeShare share, TimeProvider time, int most)
{
    /// <summary>The buckets that a server keeps: some 10 MB.</summary>
    public const int Most = 100_000;

    private readonly ConcurrentDictionary<LimitKey, TokenBucket> _buckets = new();
    private readonly long _minute = 60 * time.TimestampFrequency;
    private int _count;
    private long _sweptAt = time.GetTimestamp();

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a token.</summary>
    /// <returns>How long it takes until there is one, nothing when it was taken; and the tokens that are left.</returns>
    public (TimeSpan Wait, double Left) Take(in LimitKey key, int perMinute)
    {
        var (wait, left) = Find(key).Take(time.GetTimestamp(), _minute, perMinute * share.Of(key, perMinute));
        return (time.GetElapsedTime(0, wait), left);
    }

    /// <summary>How long it takes until there is a token; nothing when there is one. Costs none.</summary>
    public TimeSpan Look(in LimitKey key, int perMinute)
    {
        if (!_buckets.TryGetValue(key, out var bucket) || bucket.Look(time.GetTimestamp(), _minute) is not (> 0 and var wait)) return TimeSpan.Zero;

        // What is refused here was asked for, too; what is not is counted when it takes one.
        share.Of(key, perMinute);
        return time.GetElapsedTime(0, wait);
    }

    private TokenBucket Find(in LimitKey key)
    {
        if (_buckets.TryGetValue(key, out var known)) return known;
        Sweep();
        return Count < most ? Add(key) : _buckets.TryGetValue(key.AsRest(), out var rest) ? rest : Add(key.AsRest());
    }

    private TokenBucket Add(in LimitKey key)
    {
        var made = new TokenBucket();
        var held = _buckets.GetOrAdd(key, made);
        if (ReferenceEquals(held, made)) Interlocked.Increment(ref _count);
        return held;
    }

    // Once a minute, and once a second while there is no room.
    private void Sweep()
    {
        var swept = Volatile.Read(ref _sweptAt);
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(swept, now) < (Count < most ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1))) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, swept) != swept) return;
        foreach (var (key, bucket) in _buckets)
        {
            if (bucket.IsFull(now, _minute) && _buckets.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }
}
