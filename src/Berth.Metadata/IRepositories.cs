using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Repositories with what is known about them and their tags, and their deletion as a whole.</summary>
public interface IRepositories
{
    /// <summary>The repository; null when it holds no manifest.</summary>
    ValueTask<RepositoryRecord?> FindRepositoryAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>
    /// Tags with what they name, of one manifest where a digest is given, in byte order after the given text; null when the repository holds no manifest.
    /// </summary>
    ValueTask<Page<TagRecord>?> ListTagRecordsAsync(
        long registryId, RepositoryName repository, Digest? digest, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// One step of deleting a repository: some of the manifests that stood when it began, with their tags, an index before what it lists. Kept is what an
    /// index lists that came since. Blobs that lose their last manifest get a lease.
    /// </summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="cursor">Where the step before ended; null for the first.</param>
    /// <param name="leaseUntil">The end of the lease.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<RepositoryDeletion> DeleteRepositoryStepAsync(
        long registryId, RepositoryName repository, RepositoryDeletionCursor? cursor, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken);
}

/// <summary>A repository.</summary>
/// <param name="Name">Its name.</param>
/// <param name="CreatedAt">When something was first pushed to it.</param>
/// <param name="UpdatedAt">When one of its tags was last made or moved; without a tag, when something was first pushed to it.</param>
/// <param name="Manifests">How many manifests it holds.</param>
/// <param name="Tags">How many tags it has.</param>
/// <param name="AnonymousPull">Whether anyone may pull from it.</param>
public sealed record RepositoryRecord(
    RepositoryName Name, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long Manifests, long Tags, bool AnonymousPull);

/// <summary>A tag.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">The manifest it names.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was moved last.</param>
public sealed record TagRecord(string Name, Digest Digest, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>How far the deletion of a repository is.</summary>
/// <param name="After">The last manifest that was looked at; they come in the order of their digests.</param>
/// <param name="Until">The row of the last manifest that there was when it began: what came since stays.</param>
public sealed record RepositoryDeletionCursor(Digest After, long Until);

/// <summary>What a step of deleting a repository took.</summary>
/// <param name="Manifests">The manifests.</param>
/// <param name="Tags">Their tags.</param>
/// <param name="Next">Where the next step begins; null at the end.</param>
public sealed record RepositoryDeletion(IReadOnlyList<Digest> Manifests, IReadOnlyList<string> Tags, RepositoryDeletionCursor? Next);
