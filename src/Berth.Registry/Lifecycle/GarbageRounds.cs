using Berth.Metadata;

namespace Berth.Registry.Lifecycle;

/// <summary>What the rounds of garbage collection did and do, as far as this process knows.</summary>
public sealed class GarbageRounds(TimeProvider time)
{
    private readonly Lock _lock = new();
    private GarbageRound? _running;
    private GarbageRound? _last;
    private double _rate;

    /// <summary>The round that runs now; null between two.</summary>
    public GarbageRound? Running
    {
        get
        {
            lock (_lock) return _running;
        }
    }

    /// <summary>The last round that came to its end; null before the first.</summary>
    public GarbageRound? Last
    {
        get
        {
            lock (_lock) return _last;
        }
    }

    /// <summary>How long what is due will take at the rate of the last round that did something; null when none did yet.</summary>
    /// <param name="due">How much is due.</param>
    public TimeSpan? Estimate(long due)
    {
        if (due == 0) return TimeSpan.Zero;
        lock (_lock) return _rate > 0 ? TimeSpan.FromSeconds(Math.Min(due / _rate, TimeSpan.FromDays(3650).TotalSeconds)) : null;
    }

    internal void Begin()
    {
        lock (_lock) _running = new GarbageRound(time.GetUtcNow());
    }

    internal void Add(ReviewResult reviewed) => Change(round => round with
    {
        Reviewed = round.Reviewed + reviewed.Reviewed,
        BlobsDiscarded = round.BlobsDiscarded + reviewed.BlobsDiscarded,
        BytesDiscarded = round.BytesDiscarded + reviewed.BytesDiscarded,
    });

    internal void Add(BlobReviewResult reviewed) => Change(round => round with
    {
        Reviewed = round.Reviewed + reviewed.Reviewed,
        BlobsDiscarded = round.BlobsDiscarded + reviewed.Discarded,
        BytesDiscarded = round.BytesDiscarded + reviewed.BytesDiscarded,
    });

    internal void AddRemoved(int locations) => Change(round => round with { LocationsRemoved = round.LocationsRemoved + locations });

    internal void AddExpired(int uploads) => Change(round => round with { UploadsExpired = round.UploadsExpired + uploads });

    /// <summary>Ends the round.</summary>
    /// <param name="took">How long it took.</param>
    /// <param name="isWhole">Whether it did all that was due; not when it failed or was paused.</param>
    internal void End(TimeSpan took, bool isWhole)
    {
        lock (_lock)
        {
            if (_running is not { } round) return;
            _last = round with { EndedAt = time.GetUtcNow(), IsWhole = isWhole };
            _running = null;
            if (round.Handled > 0 && took > TimeSpan.Zero) _rate = round.Handled / took.TotalSeconds;
        }
    }

    private void Change(Func<GarbageRound, GarbageRound> change)
    {
        lock (_lock)
        {
            if (_running is { } round) _running = change(round);
        }
    }
}

/// <summary>One round of garbage collection.</summary>
/// <param name="StartedAt">When it began.</param>
public sealed record GarbageRound(DateTimeOffset StartedAt)
{
    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether it did all that was due; not when it failed or was paused.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Blobs of repositories, and blobs that none held, that were looked at.</summary>
    public long Reviewed { get; init; }

    /// <summary>Blobs that nothing held any more.</summary>
    public long BlobsDiscarded { get; init; }

    /// <summary>Their size in bytes.</summary>
    public long BytesDiscarded { get; init; }

    /// <summary>Locations whose bytes were removed.</summary>
    public long LocationsRemoved { get; init; }

    /// <summary>Upload sessions that expired.</summary>
    public long UploadsExpired { get; init; }

    /// <summary>What it handled of the queues.</summary>
    public long Handled => Reviewed + LocationsRemoved + UploadsExpired;
}
