using Berth.Oci;

namespace Berth.Metadata;

/// <summary>
/// What was deleted in registries that keep deleted content for some days: lists of it, its way back, and its deletion for good before its time. Elsewhere
/// it counts as absent.
/// </summary>
public interface IDeletedContent
{
    /// <summary>The most manifests that one restoration brings back.</summary>
    const int MostRestored = 2_000;

    /// <summary>The most entries that are kept of one tag.</summary>
    const int MostEntriesOfTag = 100;

    /// <summary>Repositories in which something deleted can be restored, in byte order after the given text, inside the ranges (sorted, disjoint).</summary>
    ValueTask<Page<DeletedRepository>> ListDeletedRepositoriesAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Deleted manifests in the order of their digests, after the given one; null when the repository holds nothing, deleted or not.</summary>
    ValueTask<Page<DeletedManifest>?> ListDeletedManifestsAsync(
        long registryId, RepositoryName repository, Digest after, int limit, CancellationToken cancellationToken);

    /// <summary>Deleted tags in byte order, the entries of one in the order of their deletion; null when the repository holds nothing, deleted or not.</summary>
    ValueTask<Page<DeletedTag>?> ListDeletedTagsAsync(
        long registryId, RepositoryName repository, DeletedTagCursor after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Brings a deleted manifest back, in one transaction with all deleted manifests that it lists, at any depth, and the referrers that were deleted with it, by their
    /// subject or by a tag such as cosign's, which they get back.
    /// Without a tag it gets those that it had when it was deleted, as far as they are free; a manifest that stands gets a tag back that was deleted from it.
    /// </summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="tag">The tag that it is to get; null for those that it had.</param>
    /// <param name="force">Whether a tag is taken from the manifest that it names now.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LockedException">The repository, or a tag that would move, is locked.</exception>
    Task<RestoreResult> RestoreManifestAsync(
        long registryId, RepositoryName repository, Digest digest, Tag? tag, bool force, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a deleted manifest for good; held while an index of the repository, deleted or not, lists it.</summary>
    /// <exception cref="LockedException">The repository is locked.</exception>
    Task<DeleteResult> PurgeManifestAsync(
        long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken);
}
