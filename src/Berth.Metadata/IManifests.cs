using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Manifests, their tags and their referrers.</summary>
public interface IManifests
{
    /// <summary>A manifest by tag or digest, with its bytes when asked for; null when absent. One indexed read.</summary>
    ValueTask<ManifestRecord?> FindManifestAsync(
        long registryId, RepositoryName repository, Reference reference, bool withBytes, CancellationToken cancellationToken);

    /// <summary>
    /// The same, with the current epochs that an answer to this principal depends on (<see cref="IInstallation.ReadEpochsAsync"/>): one statement for both; a second one where there is no
    /// such manifest.
    /// </summary>
    ValueTask<WithEpochs<ManifestRecord>> FindManifestAsync(
        long principalId, long registryId, RepositoryName repository, Reference reference, bool withBytes, CancellationToken cancellationToken);

    /// <summary>Whether the repository holds a manifest, which is when it exists for clients.</summary>
    ValueTask<bool> RepositoryExistsAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>
    /// One transaction: every named blob is a live member of the repository and every child a manifest of it, with the sizes the descriptors
    /// say; then the manifest's row, bytes and edges, its tags, and the ledger's records. A manifest that stands already only gains tags.
    /// </summary>
    /// <exception cref="LockedException">The repository, the manifest or a tag that would move is locked, and the push would change something.</exception>
    /// <exception cref="QuotaException">A quota has no room for the manifest's bytes.</exception>
    Task<PutManifestResult> PutManifestAsync(NewManifest manifest, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a manifest with its tags; refused while an index of the repository lists it. Blobs that lose their last manifest get a lease. Where the registry
    /// keeps deleted content, or a deleted index that can be restored lists it, it counts as absent from then on and can be restored.
    /// </summary>
    /// <exception cref="LockedException">The repository, the manifest or one of its tags is locked.</exception>
    Task<DeleteResult> DeleteManifestAsync(
        long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken);

    /// <summary>Removes a tag; the manifest stays.</summary>
    /// <exception cref="LockedException">The repository or the tag is locked.</exception>
    Task<DeleteResult> DeleteTagAsync(long registryId, RepositoryName repository, Tag tag, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Manifests whose subject is the digest, in the order they came, after a sequence (0 for the start); filtered by artifact type when given.
    /// Empty for anything unknown. Those that are locked against lists or pulls are left out, and a page looks past a bounded number of them; it ends early, too,
    /// behind the referrer whose annotations fill <see cref="ReferrerRecord.MaxAnnotationsOfPage"/>.
    /// </summary>
    /// <exception cref="LockedException">Nothing must be pulled from the repository, in which something refers to the digest.</exception>
    ValueTask<Page<ReferrerRecord>> ListReferrersAsync(
        long registryId, RepositoryName repository, Digest subject, string? artifactType, long after, int limit, CancellationToken cancellationToken);

    /// <summary>The first digest of an inclusive range that is the subject of a manifest; null when none is.</summary>
    ValueTask<Digest?> FindSubjectAsync(
        long registryId, RepositoryName repository, Digest first, Digest last, CancellationToken cancellationToken);

    /// <summary>
    /// Tags in byte order after the given text, without those that are locked against being listed; null when the repository holds no manifest. A page that has
    /// looked at ten times its entries ends there.
    /// </summary>
    ValueTask<Page<string>?> ListTagsAsync(
        long registryId, RepositoryName repository, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Names of repositories that hold a manifest, in byte order after the given text, inside the ranges (sorted, disjoint), without those that are locked
    /// against being listed. A page that has looked at ten times its entries ends there.
    /// </summary>
    ValueTask<Page<string>> ListRepositoriesAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>A manifest to be put.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Repository">The repository; its row is made when it has none.</param>
/// <param name="Digest">The digest of the bytes.</param>
/// <param name="Bytes">The bytes exactly as pushed.</param>
/// <param name="Manifest">What they say.</param>
/// <param name="Tags">Tags to set, in order; empty for a push by digest alone.</param>
/// <param name="AllowMissingChildren">Whether children of an index may be absent (a sparse index).</param>
public sealed record NewManifest(
    long RegistryId, RepositoryName Repository, Digest Digest, byte[] Bytes, Manifest Manifest, IReadOnlyList<Tag> Tags, bool AllowMissingChildren);

/// <summary>How a push of a manifest ended.</summary>
/// <param name="Outcome">Whether it stands.</param>
/// <param name="Culprits">The descriptors that are missing or lie about their size, in the manifest's order; empty when it stands.</param>
public sealed record PutManifestResult(PutManifestOutcome Outcome, IReadOnlyList<Descriptor> Culprits)
{
    /// <summary>The manifest stands, and all its tags.</summary>
    public static readonly PutManifestResult Stored = new(PutManifestOutcome.Stored, []);
}

/// <summary>The ways a push of a manifest ends.</summary>
public enum PutManifestOutcome
{
    /// <summary>The manifest and its tags stand.</summary>
    Stored,

    /// <summary>Content it names is not in the repository.</summary>
    Missing,

    /// <summary>A descriptor's size is not that of the content it names.</summary>
    WrongSize,
}
