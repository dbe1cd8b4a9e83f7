using Berth.Metadata;

namespace Berth.Registry.Jobs;

/// <summary>This process among those that serve the installation.</summary>
public sealed class Node
{
    private readonly string _version;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _startedAt;
    private long _clockOffset;

    /// <summary>A node that begins now.</summary>
    /// <param name="version">The version of the program.</param>
    /// <param name="time">The node's own clock.</param>
    public Node(string version, TimeProvider time)
    {
        _version = version;
        _time = time;
        _startedAt = time.GetUtcNow();
    }

    /// <summary>How far a clock may be off before the node says so.</summary>
    public static TimeSpan MostClockOffset { get; } = TimeSpan.FromMinutes(5);

    /// <summary>The time by the node's own clock.</summary>
    public DateTimeOffset OwnTime => _time.GetUtcNow();

    /// <summary>The process's id, which no other has had.</summary>
    public string Id { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>By how much the node's clock was ahead of the database's when that was last looked at.</summary>
    public TimeSpan ClockOffset
    {
        get => new(Volatile.Read(ref _clockOffset));
        internal set => Volatile.Write(ref _clockOffset, value.Ticks);
    }

    /// <summary>Whether the clock is so far off that the operator should mend it.</summary>
    public bool IsClockOff => ClockOffset.Duration() > MostClockOffset;

    /// <summary>What every node understood that served when that was last looked at.</summary>
    internal int LeastLevel { get; set; }

    /// <summary>Whether every node that serves understands what the level says, so that it may be begun.</summary>
    public bool AllUnderstand(int level) => LeastLevel >= level;

    /// <summary>What the node says of itself.</summary>
    public NodeDescription Describe(bool isDraining) => new(Id, Environment.MachineName, _version, isDraining, _startedAt) { Level = NodeDescription.PromisedSessions };
}
