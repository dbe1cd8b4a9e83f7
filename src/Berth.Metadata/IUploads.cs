using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Upload sessions and the commit that turns one into a blob.</summary>
public interface IUploads
{
    /// <summary>Commits a new session, so that its location is findable before its first byte, with what it reserves of quotas.</summary>
    /// <exception cref="LockedException">The repository is locked.</exception>
    /// <exception cref="QuotaException">A quota has no room for the bytes that it will hold.</exception>
    /// <exception cref="EpochsMovedException">The epochs of <see cref="NewUpload.AsOf"/> do not stand any more.</exception>
    /// <exception cref="UploadTakenException">The session was promised, and has a row by now.</exception>
    Task<UploadRecord> OpenUploadAsync(NewUpload upload, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// The repository where a session opened now would reserve nothing and be refused by nothing: it is there, may be written to, and no quota limits it. Null where that is not so. With its caller's
    /// epochs, all of one moment.
    /// </summary>
    ValueTask<WithEpochs<OpenRepository>> FindOpenRepositoryAsync(long principalId, long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>A session by its id within one repository, in whatever state; null for another repository's.</summary>
    ValueTask<UploadRecord?> FindUploadAsync(long registryId, RepositoryName repository, string id, CancellationToken cancellationToken);

    /// <summary>
    /// The same as a request finds it that finishes the session, with what is stored of the digest that it says, and its caller's epochs, all of one moment. Null where there is no such repository.
    /// </summary>
    ValueTask<WithEpochs<FoundUpload>> FindUploadAsync(
        long principalId, long registryId, RepositoryName repository, string id, Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the session for one writer: its state must be open, its epoch the expected one, and no live writer may hold it (a writer
    /// of an earlier process of a single-process store is dead). Returns the session with the new epoch, or null when another was faster or writes now.
    /// </summary>
    Task<UploadRecord?> AcquireUploadAsync(string id, long expectedEpoch, DateTimeOffset writerUntil, CancellationToken cancellationToken);

    /// <summary>
    /// The same for its own caller, who was found to be allowed to write to the repository as of some epochs, in one step with finding it: whatever its epoch is, if those stand and it is where the caller
    /// goes on; with what is stored of a digest. Null where anything is not so; nothing was changed then.
    /// </summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository that the session must belong to.</param>
    /// <param name="id">The session.</param>
    /// <param name="digest">The digest that it is finished with; default where it is not.</param>
    /// <param name="principalId">The caller, whose session it must be.</param>
    /// <param name="asOf">The epochs.</param>
    /// <param name="offset">How many bytes it must hold; null for any number.</param>
    /// <param name="writerUntil">Until when the session is held.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<FoundUpload?> TakeUploadAsync(
        long registryId, RepositoryName repository, string id, Digest digest, long principalId, SecurityEpochs asOf, long? offset, DateTimeOffset writerUntil,
        CancellationToken cancellationToken);

    /// <summary>Says that the writer of this epoch makes progress: moves its lease and the session's expiry. False when it was fenced off.</summary>
    Task<bool> TouchUploadAsync(string id, long epoch, DateTimeOffset writerUntil, DateTimeOffset expiresAt, CancellationToken cancellationToken);

    /// <summary>
    /// Records durable bytes with the hash state and the store's checkpoint that belong to them, gives back what was reserved beyond them, and lets go of the session. False when the writer was
    /// fenced off.
    /// </summary>
    Task<bool> RecordUploadAsync(
        string id, long epoch, long offset, DigestAlgorithm algorithm, byte[]? hashState, string? checkpoint, DateTimeOffset expiresAt,
        CancellationToken cancellationToken);

    /// <summary>
    /// One transaction, for bytes that are durable at the session's location: the session becomes done; the blob's row takes the location
    /// (new, or damaged before), or the location is discarded because the blob stands already; the repository gets its membership with a
    /// lease; the ledger its record. False when the writer was fenced off: then nothing changed.
    /// </summary>
    /// <exception cref="LockedException">The repository is locked; the session stays as it is.</exception>
    /// <exception cref="QuotaException">A quota has no room for the blob; the session stays as it is.</exception>
    Task<bool> CompleteUploadAsync(
        UploadRecord upload, Digest digest, long size, DateTimeOffset leaseUntil, DateTimeOffset forgetAt, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Commits locations that bytes may come to without a session's row: they are discarded at a time, unless <see cref="CompleteWholeAsync"/> takes one out before.
    /// </summary>
    Task ReserveLocationsAsync(IReadOnlyList<string> locations, DateTimeOffset discardAt, CancellationToken cancellationToken);

    /// <summary>
    /// The same as <see cref="CompleteUploadAsync"/> for a session that has no row, whose bytes came all at once and are durable at a reserved location: it gets none, and its record in the ledger says that it
    /// is done. Anything but <see cref="WholeUploadOutcome.Completed"/> changed nothing.
    /// </summary>
    /// <exception cref="LockedException">The repository is locked.</exception>
    /// <exception cref="QuotaException">A quota has no room for the blob.</exception>
    Task<WholeUploadOutcome> CompleteWholeAsync(WholeUpload upload, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken);

    /// <summary>The digest of the blob that <see cref="CompleteWholeAsync"/> ended the session with; default where it did not.</summary>
    ValueTask<Digest> FindPushedAsync(string id, CancellationToken cancellationToken);

    /// <summary>Ends a promised session by a row that says so, whatever locks and quotas there are. False where it has a row by now, or was completed.</summary>
    /// <param name="id">The session.</param>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="location">A location of its own, to which no bytes come.</param>
    /// <param name="caller">Who ends it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<bool> EndPromisedUploadAsync(string id, long registryId, RepositoryName repository, string location, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Open → aborting. False when it is not open (or completing) any more. A writer at work is fenced off; the location is not discarded
    /// before that writer let go (by recording, completing or aborting with its epoch; not by touching, after which it goes on writing) or its hold
    /// ended, because it may be creating it.
    /// </summary>
    /// <param name="id">The session.</param>
    /// <param name="writerEpoch">The epoch of the caller's own hold, which ends with this; null for one that does not write.</param>
    /// <param name="caller">Who aborts it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<bool> AbortUploadAsync(string id, long? writerEpoch, Caller caller, CancellationToken cancellationToken);

    /// <summary>Open sessions of a registry (or of all, with 0), by id, after the given one.</summary>
    ValueTask<Page<UploadRecord>> ListUploadsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>How many sessions are open in a registry, and for one principal; admission looks at it.</summary>
    ValueTask<long> CountUploadsAsync(long registryId, long principalId, CancellationToken cancellationToken);
}
