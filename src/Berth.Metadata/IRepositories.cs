using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Repositories with what is known about them, their settings, and their deletion as a whole.</summary>
public interface IRepositories
{
    /// <summary>The repository; null when it holds no manifest.</summary>
    ValueTask<RepositoryRecord?> FindRepositoryAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>Changes a repository's settings in one transaction; false when it holds no manifest. Another anonymous pull raises the registry's epoch.</summary>
    Task<bool> UpdateRepositoryAsync(
        long registryId, RepositoryName repository, RepositoryChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="IManifests.ListRepositoriesAsync"/>, with the repositories that lists leave out: for reports about the registry, never for a catalog.
    /// </summary>
    ValueTask<Page<string>> ListEveryRepositoryAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// One step of deleting a repository: some of the manifests that stood when it began, with their tags, an index before what it lists. Kept is what an
    /// index lists that came since. Blobs that lose their last manifest get a lease. The first step takes the repository's settings, too: what is pushed under
    /// its name later is another repository.
    /// </summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="cursor">Where the step before ended; null for the first.</param>
    /// <param name="leaseUntil">The end of the lease.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LockedException">It is locked, or holds a tag or a manifest that is: the step deletes nothing.</exception>
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
/// <param name="Locks">Its locks.</param>
public sealed record RepositoryRecord(
    RepositoryName Name, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long Manifests, long Tags, bool AnonymousPull, Locks Locks)
{
    /// <summary>How many bytes its blobs and manifests have; what it shares with other repositories counts in each.</summary>
    public long Bytes { get; init; }

    /// <summary>How many blobs it holds.</summary>
    public long Blobs { get; init; }

    /// <summary>Who answers for it, or null.</summary>
    public string? Owner { get; init; }

    /// <summary>How they are reached, or null.</summary>
    public string? Contact { get; init; }

    /// <summary>What it is for, or null.</summary>
    public string? Description { get; init; }
}

/// <summary>Settings of a repository that are to be other than they are.</summary>
/// <param name="Locks">What is locked and unlocked.</param>
/// <param name="AnonymousPull">Whether anyone may pull from it; null leaves it.</param>
/// <param name="Owner">Who answers for it; null leaves it, empty takes it away.</param>
/// <param name="Contact">How they are reached; null leaves it, empty takes it away.</param>
/// <param name="Description">What it is for; null leaves it, empty takes it away.</param>
public sealed record RepositoryChanges(
    LockChanges Locks = default, bool? AnonymousPull = null, string? Owner = null, string? Contact = null, string? Description = null);

/// <summary>How far the deletion of a repository is.</summary>
/// <param name="After">The last manifest that was looked at; they come in the order of their digests.</param>
/// <param name="Until">The row of the last manifest that there was when it began: what came since stays.</param>
/// <param name="BeganAt">When it began, in milliseconds since 1970.</param>
public sealed record RepositoryDeletionCursor(Digest After, long Until, long BeganAt);

/// <summary>What a step of deleting a repository took.</summary>
/// <param name="Manifests">The manifests.</param>
/// <param name="Tags">Their tags.</param>
/// <param name="Next">Where the next step begins; null at the end.</param>
/// <param name="Restorable">How many of the manifests can be restored.</param>
public sealed record RepositoryDeletion(IReadOnlyList<Digest> Manifests, IReadOnlyList<string> Tags, RepositoryDeletionCursor? Next, int Restorable);
