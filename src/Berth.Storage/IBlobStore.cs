namespace Berth.Storage;

/// <summary>
/// Holds the bytes of blobs, each at a location that is used once and never again. It knows nothing of digests, repositories or
/// whether anything exists: the metadata's rows say that, and name the location. All members may be called at once.
/// </summary>
public interface IBlobStore : IAsyncDisposable
{
    /// <summary>Whether bytes that were synced can be read before their writer finished the location.</summary>
    bool ReadsUnfinished { get; }

    /// <summary>
    /// Whether a writer goes on in the very bytes that the one before it wrote, so that what a failure leaves of them is the next one's, too. Else the failure of a writer
    /// says nothing about another of the same location.
    /// </summary>
    bool WritersShareBytes { get; }

    /// <summary>A location that was never used and never will be by anyone else. Nothing is created.</summary>
    string NewLocation();

    /// <summary>The id that <see cref="WriteIdentityAsync"/> left in this store, or null where there is none (a new or a foreign store).</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    Task<string?> ReadIdentityAsync(CancellationToken cancellationToken);

    /// <summary>Leaves the installation's id in a new store, durably. The same id again is no error.</summary>
    /// <exception cref="InvalidOperationException">The store has another id already.</exception>
    Task WriteIdentityAsync(string identity, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a location for appending at <paramref name="offset"/>: 0 creates it, or cuts an earlier attempt of the same upload to nothing;
    /// anything else must not be past what was synced, and bytes after the offset are cut off. A writer that this process has open there is
    /// fenced off first: it writes nothing more. A writer of another process is one that comes too late: what it still writes is never part of
    /// what this one finishes.
    /// </summary>
    /// <param name="location">A location of <see cref="NewLocation"/>, named by a committed upload row.</param>
    /// <param name="offset">Bytes that stand already and stay.</param>
    /// <param name="checkpoint">What <see cref="IBlobWriter.Checkpoint"/> said when those bytes were synced; null when nothing was.</param>
    /// <param name="epoch">
    /// The upload's fencing epoch, which each writer takes anew. It keeps what a writer of an earlier epoch sends too late apart from what this one sends.
    /// </param>
    /// <param name="declared">How many bytes the client said will follow, or 0 when it did not; admission counts them.</param>
    /// <param name="confirm">
    /// Is awaited once no other writer of this process can write there any more, and before anything is created or cut off; throws when the location
    /// is the caller's no longer: a writer that stood still meanwhile would cut what its successor committed. Where the store would replace what a successor finished, it is
    /// awaited again before this writer finishes.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageFullException">The volume has no room for the declared bytes.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    /// <exception cref="BlobMissingException">The offset is past what the location holds.</exception>
    Task<IBlobWriter> AppendAsync(
        string location, long offset, string? checkpoint, long epoch, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken);

    /// <summary>Opens a location for reading, and checks its size against the row's before anything is promised to a client.</summary>
    /// <exception cref="BlobMissingException">The store answered that the location is absent, or its size differs.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a location holds exactly so many bytes, and nobody in this process is writing there or has yet to end: only then may it be committed
    /// without being opened for appending, which would cut off what an unfinished request left behind. Never where several processes may write:
    /// the size alone does not say whose bytes they are.
    /// </summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    Task<bool> IsAtRestAsync(string location, long size, CancellationToken cancellationToken);

    /// <summary>Makes durable what stands at a location, as far as its medium forgets anything: for bytes that an ended process may have left without that.</summary>
    /// <exception cref="BlobMissingException">The store answered that the location is absent.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or the bytes could not be made durable.</exception>
    Task SyncAsync(string location, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a location, durably: it does not come back after a loss of power, so its rows may be forgotten. One that is absent already is no
    /// error. Readers that have it open may finish. Calls side by side share what makes them durable.
    /// </summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    Task DeleteAsync(string location, CancellationToken cancellationToken);

    /// <summary>
    /// A link by which whoever has it may read a location from the store itself, without this server, until it ends; null where the store gives none.
    /// Whether the location exists is not looked at.
    /// </summary>
    /// <param name="location">The location.</param>
    /// <param name="lifetime">How long the link is good, at most; it may end earlier with the store's own credentials.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageUnavailableException">There are no credentials to sign it with.</exception>
    ValueTask<Uri?> LinkAsync(string location, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Every location in the store, in no order; for offline verification, never on a client's path.</summary>
    IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken);

    /// <summary>Room on the store's volume; null where the store has no such notion.</summary>
    StorageSpace? Space();
}

/// <summary>A location that exists in the store.</summary>
/// <param name="Location">The location.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ModifiedAt">When it was last written.</param>
public readonly record struct StoredBlob(string Location, long Size, DateTimeOffset ModifiedAt);

/// <summary>Room on a volume, in bytes.</summary>
/// <param name="Total">The size of the volume.</param>
/// <param name="Free">Bytes a push may still take: free ones less what was declared and is still to come.</param>
/// <param name="ReserveHeld">Whether the reserve that keeps deletions and garbage collection working is in place.</param>
public readonly record struct StorageSpace(long Total, long Free, bool ReserveHeld);
