namespace Berth.Metadata;

/// <summary>
/// The rows that say what may be deleted. Every step takes a bounded batch from an index of what is due; none looks at what is merely stored.
/// </summary>
public interface IGarbage
{
    /// <summary>
    /// The most rows of one step. A step is one commit, and on a full volume it has to fit into what the reserve gives free: its log may not need more than a
    /// quarter of that, 64 MiB. Measured: 5.7 MB at most, with nearly every row on pages of its own; a test holds it.
    /// </summary>
    const int LargestBatch = 200;

    /// <summary>
    /// Looks at memberships whose review is due: one that a manifest names leaves the queue; one with lease left, or whose repository has
    /// an upload that makes progress, is put off; any other ends, and a blob that lost its last membership is discarded in the same transaction.
    /// </summary>
    Task<ReviewResult> ReviewMembershipsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Discards blobs that have no membership and whose review is due (after a client's DELETE): the row goes, its location is discarded.</summary>
    Task<BlobReviewResult> ReviewBlobsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Moves sessions past their expiry to aborting; returns how many.</summary>
    Task<int> ExpireUploadsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Gives back what upload sessions have reserved of quotas that nobody has written to for so long; returns how many. They stay, and reserve anew what they hold when their client goes on.
    /// </summary>
    Task<int> ReleaseIdleReservationsAsync(TimeSpan idleFor, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Locations that no row will ever name again and whose time has come: discarded ones and, after them, those of aborting sessions; each in the order of
    /// their times.
    /// </summary>
    /// <param name="after">Where to go on; the default is the start.</param>
    /// <param name="limit">The most locations.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<DiscardedPage> ListDiscardedAsync(DiscardedCursor after, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets locations whose bytes are gone, and the aborting sessions they belonged to.</summary>
    Task ForgetDiscardedAsync(IReadOnlyList<DiscardedLocation> locations, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets finished sessions, tombstones, ledger records, access events and consumers past their retention, expired grants and assertions of the
    /// authority, and folds usage deltas where the provider keeps such; a bounded batch of each. Returns the rows handled. Records and tombstones also wait for readers of the ledger that have not passed them,
    /// each within its declared limit; a reader that is left behind all the same begins anew.
    /// </summary>
    Task<int> TidyAsync(TimeSpan ledgerRetention, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Says what time it is to the deletion clock, which is persisted. Returns until when deletion is suspended, or null when it may go on: a step of
    /// the clock that elapsed time does not confirm suspends it for one grace, and so does the first look at it after a restore.
    /// </summary>
    /// <param name="elapsed">Monotonic time since the last call of this process; null at its first.</param>
    /// <param name="grace">The garbage collection's grace.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DateTimeOffset?> ObserveClockAsync(TimeSpan? elapsed, TimeSpan grace, CancellationToken cancellationToken);
}

/// <summary>What a batch of membership reviews did.</summary>
/// <param name="Reviewed">Memberships looked at.</param>
/// <param name="Ended">Memberships ended.</param>
/// <param name="BlobsDiscarded">Blobs that lost their last membership and were discarded.</param>
/// <param name="BytesDiscarded">Their size together.</param>
public readonly record struct ReviewResult(int Reviewed, int Ended, int BlobsDiscarded, long BytesDiscarded);

/// <summary>What a batch of blob reviews did.</summary>
/// <param name="Reviewed">Blobs looked at.</param>
/// <param name="Discarded">Those of them that had no membership and were discarded.</param>
/// <param name="BytesDiscarded">Their size together.</param>
public readonly record struct BlobReviewResult(int Reviewed, int Discarded, long BytesDiscarded);

/// <summary>A location that may be removed from the blob store.</summary>
/// <param name="Location">The location.</param>
/// <param name="UploadId">The aborting session it belonged to, or null.</param>
public readonly record struct DiscardedLocation(string Location, string? UploadId);

/// <summary>A part of the discarded locations.</summary>
/// <param name="Items">The locations; fewer than asked for at the end of the list.</param>
/// <param name="Next">Where to go on after them.</param>
public sealed record DiscardedPage(IReadOnlyList<DiscardedLocation> Items, DiscardedCursor Next);

/// <summary>A place in the list of discarded locations; the default is its start.</summary>
/// <param name="Due">The time of the last entry.</param>
/// <param name="Key">Its location, or the session's id; null at the start.</param>
/// <param name="InUploads">Whether it is among the aborting sessions.</param>
public readonly record struct DiscardedCursor(DateTimeOffset Due, string? Key, bool InUploads);
