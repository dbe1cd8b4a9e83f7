namespace Berth.Metadata;

/// <summary>What an operator sees and says of garbage collection: whether it is paused, how much waits for it, and what it would take.</summary>
public interface IGarbageControl
{
    /// <summary>The longest pause.</summary>
    static readonly TimeSpan LongestPause = TimeSpan.FromDays(7);

    /// <summary>Pauses deletion until a time, or lets it go on; the pause outlasts the process.</summary>
    Task SetDeletionPauseAsync(DateTimeOffset? until, Caller caller, CancellationToken cancellationToken);

    /// <summary>Whether deletion is paused, or suspended by the deletion clock; what is over is null.</summary>
    ValueTask<DeletionState> ReadDeletionStateAsync(CancellationToken cancellationToken);

    /// <summary>How much is due now, each queue counted up to so many.</summary>
    /// <param name="referrerExpiry">For how long a referrer waits for its subject.</param>
    /// <param name="most">The most that is counted of each.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<GarbageQueues> CountGarbageAsync(TimeSpan referrerExpiry, int most, CancellationToken cancellationToken);

    /// <summary>
    /// What is due now, with what would become of it if it were looked at: memberships, then blobs, then locations, then referrers whose subject did not come, each in the
    /// order of their times.
    /// </summary>
    /// <param name="referrerExpiry">For how long a referrer waits for its subject.</param>
    /// <param name="grace">What was pushed within it stays.</param>
    /// <param name="after">The key of a page before; null for the start.</param>
    /// <param name="limit">The most entries.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<GarbageEntry>> ListGarbageAsync(TimeSpan referrerExpiry, TimeSpan grace, string? after, int limit, CancellationToken cancellationToken);
}
