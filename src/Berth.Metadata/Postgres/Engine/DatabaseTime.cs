namespace Berth.Metadata.Postgres.Engine;

/// <summary>The database's time: this node's clock, corrected by what it was last measured to be off, so that leases and expiry mean the same on each node.</summary>
internal sealed class DatabaseTime(TimeProvider node) : TimeProvider
{
    private long _offsetTicks;

    /// <summary>How far the database's clock is ahead of this node's.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offsetTicks));

    public override TimeZoneInfo LocalTimeZone => node.LocalTimeZone;

    public override long TimestampFrequency => node.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => node.GetUtcNow() + Offset;

    public override long GetTimestamp() => node.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => node.CreateTimer(callback, state, dueTime, period);

    /// <summary>Takes a measure: the database's time between two readings of this node's.</summary>
    public void Measure(DateTimeOffset before, DateTimeOffset database, DateTimeOffset after)
    {
        var middle = before + ((after - before) / 2);
        Volatile.Write(ref _offsetTicks, (database - middle).Ticks);
    }
}
