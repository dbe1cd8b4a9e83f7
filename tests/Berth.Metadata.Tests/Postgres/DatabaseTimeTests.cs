using Berth.Metadata.Postgres;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>The database's time as a node knows it, whatever becomes of either clock.</summary>
public sealed class DatabaseTimeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly NodeClock _node = new();
    private readonly DatabaseTime _time;
    private TimeSpan _ahead = 3 * Minute;

    public DatabaseTimeTests() => _time = new DatabaseTime(_node);

    private DateTimeOffset Database => NodeClock.Start + _node.Passed + _ahead;

    [Fact]
    public void Before_a_measure_it_is_the_nodes_and_after_it_the_databases()
    {
        Assert.Equal(_node.Wall, _time.GetUtcNow());
        Measure();
        Assert.Equal(Database, _time.GetUtcNow());
        Assert.Equal(3 * Minute, _time.Offset);
        _node.Pass(Minute);
        Assert.Equal(Database, _time.GetUtcNow());
    }

    [Fact]
    public void A_clock_that_is_set_at_the_node_changes_nothing_but_what_is_said_of_it()
    {
        Measure();
        _node.Wall += TimeSpan.FromHours(1);
        Assert.Equal(Database, _time.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, Measure());
        Assert.Equal(Database, _time.GetUtcNow());
        Assert.Equal((3 * Minute) - TimeSpan.FromHours(1), _time.Offset);
    }

    [Fact]
    public void A_slow_answer_moves_a_time_that_lies_within_it_by_nothing_and_another_to_its_bound()
    {
        Measure();
        Measure(until: 4 * Second);
        Assert.Equal(Database, _time.GetUtcNow());
        Measure(since: 4 * Second);
        Assert.Equal(Database, _time.GetUtcNow());

        _ahead += 10 * Second;
        Measure(until: 4 * Second);
        Assert.Equal(Database - (4 * Second), _time.GetUtcNow());
    }

    [Fact]
    public void A_database_that_is_ahead_is_followed_at_once()
    {
        Measure();
        _ahead += 2 * Minute;
        Assert.Equal(2 * Minute, Measure());
        Assert.Equal(Database, _time.GetUtcNow());
    }

    [Fact]
    public void A_database_that_is_set_back_is_waited_for_at_half_speed_and_the_time_never_goes_back()
    {
        Measure();
        _ahead -= 2 * Minute;
        var before = _time.GetUtcNow();
        Assert.Equal(TimeSpan.Zero, Measure());
        for (var seconds = 0; seconds < 235; seconds += 5)
        {
            _node.Pass(5 * Second);
            Measure();
            Assert.Equal(before + (2.5 * Second), _time.GetUtcNow());
            before = _time.GetUtcNow();
        }

        _node.Pass(5 * Second);
        Assert.Equal(Database, _time.GetUtcNow());
        _node.Pass(Minute);
        Assert.Equal(Database, _time.GetUtcNow());
    }

    [Fact]
    public void A_database_that_is_set_back_by_more_than_anybody_waits_is_followed_at_once_and_that_is_said()
    {
        Measure();
        _ahead -= DatabaseTime.MostSlewed + Second;
        Assert.Equal(-DatabaseTime.MostSlewed - Second, Measure());
        Assert.Equal(Database, _time.GetUtcNow());
    }

    // The database reads its clock so long after it was asked, and so long before its answer is here.
    private TimeSpan Measure(TimeSpan since = default, TimeSpan until = default) => _time.Measure(() =>
    {
        _node.Pass(since);
        var read = Database;
        _node.Pass(until);
        return read;
    });

    private sealed class NodeClock : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

        public DateTimeOffset Wall { get; set; } = Start;

        public TimeSpan Passed { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time)
        {
            Wall += time;
            Passed += time;
        }

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => Passed.Ticks;
    }
}
