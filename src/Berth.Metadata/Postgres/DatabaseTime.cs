namespace Berth.Metadata.Postgres;

/// <summary>
/// The database's time, as this node knows it: what was last measured, carried on by the node's monotonic clock, so that a clock that is set here changes nothing. It goes by the node's
/// clock until the first measure. A measure says between which bounds the database's time lies: a time between them stays as it is, one that is behind them moves up at once, and one that is ahead
/// of them by up to <see cref="MostSlewed"/> runs at half speed until it is right, so that it never goes back; one that is further ahead is set right at once.
/// </summary>
/// <param name="node">The node's own clock.</param>
public sealed class DatabaseTime(TimeProvider node) : TimeProvider
{
    /// <summary>How far the time may be ahead of the database's and still wait for it instead of going back.</summary>
    public static TimeSpan MostSlewed { get; } = TimeSpan.FromMinutes(5);

    private volatile Course? _course;
    private long _offsetTicks;

    /// <summary>How far the database's clock was ahead of this node's own when it was last measured.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offsetTicks));

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => node.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => node.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _course is { } course ? NowOf(course, node.GetTimestamp()) : node.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp() => node.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => node.CreateTimer(callback, state, dueTime, period);

    /// <summary>Asks for the database's time and goes by the answer from now on. Never called by two at once.</summary>
    /// <param name="ask">Asks the database; how long that takes is how far the answer may be off.</param>
    /// <returns>By how much the time jumped; nothing where it did not, or moved up by less than a second.</returns>
    internal TimeSpan Measure(Func<DateTimeOffset> ask)
    {
        var before = node.GetTimestamp();
        var earliest = ask();
        var now = node.GetTimestamp();
        var took = node.GetElapsedTime(before, now);
        Volatile.Write(ref _offsetTicks, (earliest + (took / 2) - node.GetUtcNow()).Ticks);

        if (_course is not { } course)
        {
            _course = new Course(now, earliest + (took / 2), TimeSpan.Zero);
            return TimeSpan.Zero;
        }

        var latest = earliest + took;
        var current = NowOf(course, now);
        var ahead = current > latest ? current - latest : TimeSpan.Zero;
        var begin = current < earliest ? earliest : ahead > MostSlewed ? latest : current;
        _course = new Course(now, begin, ahead > MostSlewed ? TimeSpan.Zero : ahead);
        return (begin - current).Duration() >= TimeSpan.FromSeconds(1) ? begin - current : TimeSpan.Zero;
    }

    private DateTimeOffset NowOf(Course course, long timestamp)
    {
        // A thread may have read the clock before another one measured.
        if (timestamp <= course.Timestamp) return course.Begin;
        var passed = node.GetElapsedTime(course.Timestamp, timestamp);
        var half = passed / 2;
        return course.Begin + passed - (half < course.Ahead ? half : course.Ahead);
    }

    /// <summary>How the time goes since a measure.</summary>
    /// <param name="Timestamp">When it was measured, by the node's monotonic clock.</param>
    /// <param name="Begin">The time then.</param>
    /// <param name="Ahead">By how much it was ahead of the database's then.</param>
    private sealed record Course(long Timestamp, DateTimeOffset Begin, TimeSpan Ahead);
}
