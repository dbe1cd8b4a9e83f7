using Berth.Metadata;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// How fast garbage collection goes: whether somebody paused it, and how many batches it takes in a second. Where no number is set it takes as many as it can while little is asked for, and
/// rests between them while much is: what waits for a day can wait for another hour, and whoever pulls cannot. Whoever pushes cannot wait either: it never rests while a volume has no room.
/// </summary>
public sealed class GarbagePace(IGarbageControl control, IDeletionGate gate, LifecycleOptions options, Traffic traffic, TimeProvider time, LifecycleMetrics metrics)
{
    // So much served in a second (see Traffic) is much.
    private const double MuchInASecond = 500;

    // Of the time; a round that lasts gets more, so that what is due does not grow without end where much is always asked for.
    private const double ShareBesideMuch = 0.01;
    private const double ShareOfLongRound = 0.1;

    private static readonly TimeSpan LongRound = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    // A push that was refused for want of room is tried again about so long: clients that double their wait come back within it.
    private static readonly TimeSpan Wanted = TimeSpan.FromMinutes(1);

    private long _roundBegan = time.GetTimestamp();
    private long? _last;
    private (long At, long Served) _window = (time.GetTimestamp(), 0);
    private bool _isMuch;
    private long _refused;
    private long? _refusedAt;

    /// <summary>Whether room is wanted: a volume is full, or a push was refused within the last minute because there was too little left for it.</summary>
    public bool IsRoomWanted()
    {
        var refused = traffic.LackingRoom;
        if (refused != _refused) (_refused, _refusedAt) = (refused, time.GetTimestamp());
        return gate.IsFull || (_refusedAt is { } at && time.GetElapsedTime(at) < Wanted);
    }

    /// <summary>Whether a round may begin; false when deletion is paused. What was before the round is no reason to rest in it.</summary>
    public async Task<bool> MayBeginAsync(CancellationToken cancellationToken)
    {
        IsMuchServed();
        _last = null;
        _roundBegan = time.GetTimestamp();
        return await MayGoOnAsync(cancellationToken);
    }

    /// <summary>Waits until the next batch may begin; false when deletion is paused, and the round is to end.</summary>
    public async Task<bool> MayGoOnAsync(CancellationToken cancellationToken)
    {
        var isPaused = (await control.ReadDeletionStateAsync(cancellationToken)).PausedUntil is not null;
        metrics.SetPaused(isPaused);
        if (isPaused) return false;
        if (options.BatchesPerSecond > 0 && _last is { } last)
        {
            var wait = TimeSpan.FromSeconds(1 / options.BatchesPerSecond) - time.GetElapsedTime(last);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
        }

        await RestAsync(cancellationToken);
        return true;
    }

    /// <summary>Waits as long as the batch, or the part of it, obliges to that went before.</summary>
    public async Task RestAsync(CancellationToken cancellationToken)
    {
        if (options.BatchesPerSecond == 0 && _last is { } last && !IsRoomWanted() && IsMuchServed())
        {
            var share = time.GetElapsedTime(_roundBegan) < LongRound ? ShareBesideMuch : ShareOfLongRound;
            var rest = time.GetElapsedTime(last) * ((1 / share) - 1);
            if (rest > LongestRest) rest = LongestRest;
            if (rest > TimeSpan.Zero)
            {
                metrics.Rested(rest);
                await Task.Delay(rest, time, cancellationToken);
            }
        }

        _last = time.GetTimestamp();
    }

    // Of a time that is long enough to tell: a batch is over in a moment.
    private bool IsMuchServed()
    {
        var elapsed = time.GetElapsedTime(_window.At);
        if (elapsed < Window) return _isMuch;

        var served = traffic.Served;
        _isMuch = (served - _window.Served) / elapsed.TotalSeconds > MuchInASecond;
        _window = (time.GetTimestamp(), served);
        return _isMuch;
    }
}
