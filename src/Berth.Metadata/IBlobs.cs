using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Blobs as repositories see them: memberships and their leases.</summary>
public interface IBlobs
{
    /// <summary>The blob, if it is a member of the repository; its state may be damaged. One indexed read; writes nothing.</summary>
    ValueTask<BlobRecord?> FindBlobAsync(long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// The same, with the current epochs that an answer to this principal depends on (<see cref="IInstallation.ReadEpochsAsync"/>): one statement for both; a second one where there is no
    /// such blob.
    /// </summary>
    ValueTask<WithEpochs<BlobRecord>> FindBlobAsync(
        long principalId, long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// Extends the membership's lease to at least <paramref name="leaseUntil"/> where no manifest names it, deciding inside the writer; null when
    /// the membership is gone or the blob damaged. For a HEAD that found less than half the lease left.
    /// </summary>
    Task<BlobRecord?> RenewBlobAsync(long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the blob a member of <paramref name="repository"/> if it is live and a member of <paramref name="from"/>; where that is null, of any
    /// repository of the registry inside <paramref name="readable"/> (sorted, disjoint). Null when it is not, or when at most 64 looks did not find one:
    /// they find every blob that few repositories hold, and of those that many hold what the first repositories of the ranges have.
    /// </summary>
    /// <exception cref="LockedException">The repository is locked. A source that must not be pulled from counts as one without the blob.</exception>
    /// <exception cref="QuotaException">A quota has no room for the blob.</exception>
    Task<BlobRecord?> MountBlobAsync(
        long registryId, RepositoryName repository, Digest digest, RepositoryName? from, IReadOnlyList<NameRange> readable,
        DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken);

    /// <summary>Ends one membership, never bytes; refused while a manifest of the repository names the blob, one included that was deleted and can be restored.</summary>
    /// <exception cref="LockedException">The repository is locked.</exception>
    Task<DeleteResult> DeleteBlobAsync(long registryId, RepositoryName repository, Digest digest, Caller caller, CancellationToken cancellationToken);

    /// <summary>Marks a blob damaged if it is still at that location: it is absent until a push heals it.</summary>
    Task<bool> MarkDamagedAsync(Digest digest, string location, CancellationToken cancellationToken);
}

/// <summary>How a deletion ended.</summary>
/// <param name="Outcome">Whether it happened.</param>
/// <param name="Holder">What stands in the way, when <see cref="DeleteOutcome.Held"/>.</param>
/// <param name="HeldUntil">Where that is deleted content that can be restored, until when it is kept; else null.</param>
/// <param name="IsSoft">Whether what was deleted can be restored.</param>
public readonly record struct DeleteResult(DeleteOutcome Outcome, Digest Holder = default, DateTimeOffset? HeldUntil = null, bool IsSoft = false);

/// <summary>The ways a deletion ends.</summary>
public enum DeleteOutcome
{
    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>It was not there.</summary>
    Unknown,

    /// <summary>A manifest of the repository needs it.</summary>
    Held,
}
