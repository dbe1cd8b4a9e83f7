using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Tags and manifests with what is known about them, and their locks.</summary>
/// <remarks>
/// Lists leave out what is locked against being listed. A page that has looked at ten times as many entries as it may hold ends there, and says that there
/// are more. Each list is null when the repository holds no manifest.
/// </remarks>
public interface IArtifacts
{
    /// <summary>A tag; null when there is none.</summary>
    ValueTask<TagRecord?> FindTagAsync(long registryId, RepositoryName repository, Tag tag, CancellationToken cancellationToken);

    /// <summary>Tags with what they name, of one manifest where a digest is given, in byte order after the given text.</summary>
    ValueTask<Page<TagRecord>?> ListTagRecordsAsync(
        long registryId, RepositoryName repository, Digest? digest, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// The same by the time when they were made or moved last, after a key; the page ends with a <see cref="TimeKey"/>. A tag that does not change
    /// meanwhile is in exactly one of the pages.
    /// </summary>
    ValueTask<Page<TagRecord>?> ListTagRecordsByTimeAsync(
        long registryId, RepositoryName repository, Digest? digest, bool newestFirst, TimeKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>A manifest with what is known about it; null when it is absent.</summary>
    ValueTask<ManifestDetails?> FindManifestDetailsAsync(long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// Manifests in the order of their digests, after the given one. A page ends early behind the manifest with which its names reach
    /// <see cref="ManifestDetails.MostNames"/>.
    /// </summary>
    ValueTask<Page<ManifestDetails>?> ListManifestDetailsAsync(
        long registryId, RepositoryName repository, Digest after, int limit, CancellationToken cancellationToken);

    /// <summary>The same by <see cref="ManifestDetails.UpdatedAt"/>, after a key; the page ends with a <see cref="TimeKey"/>.</summary>
    ValueTask<Page<ManifestDetails>?> ListManifestDetailsByTimeAsync(
        long registryId, RepositoryName repository, bool newestFirst, TimeKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// The place in a list by time of a tag or a manifest that was an entry of it; null when there is none of the name. One that was deleted has its place
    /// for as long as its deletion is remembered.
    /// </summary>
    ValueTask<TimeKey?> FindTimeKeyAsync(long registryId, RepositoryName repository, Reference entry, CancellationToken cancellationToken);

    /// <summary>Changes the locks of a tag; false when there is none.</summary>
    Task<bool> LockTagAsync(long registryId, RepositoryName repository, Tag tag, LockChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>Changes the locks of a manifest; false when it is absent.</summary>
    Task<bool> LockManifestAsync(
        long registryId, RepositoryName repository, Digest digest, LockChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>Keeps what manifests and their configs say, so that nobody has to look again. It follows from content: no mutation, and no record.</summary>
    Task DescribeManifestsAsync(IReadOnlyCollection<DescribedManifest> described, CancellationToken cancellationToken);
}

/// <summary>A tag.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">The manifest it names.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was moved last.</param>
/// <param name="Locks">Its locks.</param>
public sealed record TagRecord(string Name, Digest Digest, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, Locks Locks)
{
    /// <summary>What makes it write-once; null when nothing does.</summary>
    public WriteOnce? WriteOnce { get; init; }
}
