using Berth.Oci;

namespace Berth.Metadata;

/// <summary>
/// Content that is set apart from those who pull: repositories, and manifests by their digests. A digest is set apart in its registry, whether or not it is there; one whose
/// time is over is no longer, without anybody's doing. An index sets apart, too, what it lists at any depth, as long as nothing else leads to that: no tag, and no index that is
/// not set apart and that a tag or nothing at all names.
/// </summary>
public interface IQuarantine
{
    /// <summary>The manifests that are set apart in the order of their digests, after the given one.</summary>
    ValueTask<Page<QuarantinedDigest>> ListQuarantinedDigestsAsync(long registryId, Digest after, int limit, CancellationToken cancellationToken);

    /// <summary>The repositories that are set apart by name, after the given one.</summary>
    ValueTask<Page<QuarantinedRepository>> ListQuarantinedRepositoriesAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Sets a manifest apart, or says that it passed; the result is what stands then.</summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository that it was named in, for the ledger; null for none.</param>
    /// <param name="digest">The manifest, which need not be there.</param>
    /// <param name="quarantine">What is said of it.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<Quarantine> QuarantineDigestAsync(
        long registryId, RepositoryName? repository, Digest digest, Quarantine quarantine, Caller caller, CancellationToken cancellationToken);

    /// <summary>Ends that a manifest is set apart; false when it is not.</summary>
    Task<bool> EndQuarantineAsync(long registryId, Digest digest, Caller caller, CancellationToken cancellationToken);

    /// <summary>Sets a repository apart with all that it holds and will hold; null when there never was one of the name.</summary>
    Task<Quarantine?> QuarantineRepositoryAsync(
        long registryId, RepositoryName repository, Quarantine quarantine, Caller caller, CancellationToken cancellationToken);

    /// <summary>Ends that a repository is set apart; false when it is not.</summary>
    Task<bool> EndQuarantineAsync(long registryId, RepositoryName repository, Caller caller, CancellationToken cancellationToken);

    /// <summary>What sets a whole repository apart; null when nothing does.</summary>
    ValueTask<Quarantine?> FindRepositoryQuarantineAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>What stands of each of the manifests by itself, those that passed included. One seek where nothing is known of any in the registry.</summary>
    ValueTask<IReadOnlyDictionary<Digest, Quarantine>> FindQuarantinesAsync(long registryId, IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="IManifests.ListTagsAsync"/>, without the tags of manifests that are set apart; without any where the repository is. The same list where nothing of
    /// the registry is set apart.
    /// </summary>
    ValueTask<Page<string>?> ListTagsToPullAsync(long registryId, RepositoryName repository, string? after, int limit, CancellationToken cancellationToken);
}
