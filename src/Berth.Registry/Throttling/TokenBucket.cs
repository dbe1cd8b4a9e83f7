namespace Berth.Registry.Throttling;

/// <summary>
/// A token bucket that holds a minute's worth and is filled by the time that passes, without anybody's work. Its rate may change from one request to the next: what it holds
/// stays, as far as a minute's worth of the new rate has room for it, so that a share of a limit that moves from one process to another is not given out twice.
/// </summary>
internal sealed class TokenBucket
{
    // What the sum of many small parts may lack of a whole.
    private const double Rounding = 1e-6;

    private readonly Lock _lock = new();
    private double _tokens;
    private double _perMinute;
    private long _at;

    /// <summary>Whether it is full: nothing is lost when it is forgotten.</summary>
    /// <param name="now">The time, in the clock's units.</param>
    /// <param name="minute">A minute in the clock's units.</param>
    public bool IsFull(long now, long minute)
    {
        lock (_lock) return _tokens + (_perMinute * (now - _at) / minute) >= Math.Max(1, _perMinute);
    }

    /// <summary>Takes a token, or says how long it takes until there is one.</summary>
    /// <param name="now">The time, in the clock's units.</param>
    /// <param name="minute">A minute in the clock's units.</param>
    /// <param name="perMinute">How many tokens come in a minute.</param>
    /// <returns>The wait in the clock's units, 0 when one was taken; and the tokens that are left.</returns>
    public (long Wait, double Left) Take(long now, long minute, double perMinute)
    {
        lock (_lock)
        {
            Fill(now, minute, perMinute);
            if (_tokens < 1 - Rounding) return (WaitFor(minute), _tokens);
            _tokens = Math.Max(0, _tokens - 1);
            return (0, _tokens);
        }
    }

    /// <summary>How long it takes until there is a token, in the clock's units; 0 when there is one.</summary>
    public long Look(long now, long minute)
    {
        lock (_lock)
        {
            if (_perMinute == 0) return 0;
            Fill(now, minute, _perMinute);
            return _tokens < 1 - Rounding ? WaitFor(minute) : 0;
        }
    }

    private long WaitFor(long minute) => Math.Max(1, (long)Math.Ceiling((1 - _tokens) * minute / _perMinute));

    private void Fill(long now, long minute, double perMinute)
    {
        var room = Math.Max(1, perMinute);

        // Of two threads one may have read the clock before the other and come after it.
        var passed = Math.Max(0, now - _at);
        _tokens = _perMinute == 0 ? room : Math.Min(room, _tokens + (perMinute * passed / minute));
        (_at, _perMinute) = (Math.Max(_at, now), perMinute);
    }
}
