using Berth.Oci;

namespace Berth.Metadata;

/// <summary>The state of an upload session; changed by compare-and-set only. The values are stored.</summary>
public enum UploadState
{
    /// <summary>Takes bytes.</summary>
    Open = 0,

    /// <summary>
    /// A PUT is finishing it, for stores whose bytes come to stand by a call of its own at the end. On a file system, where a session goes from open to done in
    /// one transaction, nothing writes it.
    /// </summary>
    Completing = 1,

    /// <summary>Its blob is committed; kept a while so that a repeated PUT finds its answer.</summary>
    Done = 2,

    /// <summary>Cancelled or expired; its bytes, if any, are the reaper's.</summary>
    Aborting = 3,
}

/// <summary>An upload session.</summary>
/// <param name="Id">The id in its URL; not to be guessed.</param>
/// <param name="RegistryId">The registry it belongs to.</param>
/// <param name="RepositoryId">The repository it belongs to.</param>
/// <param name="Repository">That repository's name.</param>
/// <param name="PrincipalId">The one principal that may use it.</param>
/// <param name="Location">Where its bytes go in the blob store.</param>
/// <param name="State">Its state.</param>
/// <param name="Epoch">The fencing epoch: each writer takes the next one.</param>
/// <param name="WriterUntil">Until when the present writer is taken to be alive; null when nobody writes.</param>
/// <param name="Algorithm">The algorithm its bytes are hashed with as they come.</param>
/// <param name="Offset">How many bytes are durable.</param>
/// <param name="HashState">The state of the hash after exactly <paramref name="Offset"/> bytes, or null when it must be re-read.</param>
/// <param name="Digest">The blob's digest once <see cref="UploadState.Done"/>; else default.</param>
/// <param name="ExpiresAt">When it ends unless bytes come.</param>
/// <param name="CreatedAt">When it was opened.</param>
public sealed record UploadRecord(
    string Id,
    long RegistryId,
    long RepositoryId,
    RepositoryName Repository,
    long PrincipalId,
    string Location,
    UploadState State,
    long Epoch,
    DateTimeOffset? WriterUntil,
    DigestAlgorithm Algorithm,
    long Offset,
    byte[]? HashState,
    Digest Digest,
    DateTimeOffset ExpiresAt,
    DateTimeOffset CreatedAt)
{
    /// <summary>What the blob store needs to go on at exactly <see cref="Offset"/>; null where it needs nothing.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The repository's locks.</summary>
    public Locks RepositoryLocks { get; init; }

    /// <summary>The bytes that it has reserved of the registry's quota, while it is open.</summary>
    public long Reserved { get; init; }

    /// <summary>The bytes that it has reserved of the repository's quota, while it is open.</summary>
    public long RepositoryReserved { get; init; }

    /// <summary>Up to which offset it may grow without a further reservation; <see cref="long.MaxValue"/> where no quota limits it.</summary>
    public long CoveredTo { get; init; }
}

/// <summary>An upload session, and what is stored already of the digest that its bytes are said to have.</summary>
/// <param name="Repository">The repository that was named, where a session without a row may be finished in it as it may be promised; else null.</param>
/// <param name="Upload">The session; null where there is none.</param>
/// <param name="Stored">What is stored of the digest; null for nothing.</param>
public sealed record FoundUpload(OpenRepository? Repository, UploadRecord? Upload, StoredBlobRecord? Stored);

/// <summary>A repository that a session may be promised in without a row of its own.</summary>
/// <param name="Id">Its id.</param>
public sealed record OpenRepository(long Id);

/// <summary>What became of a session whose bytes came all at once.</summary>
public enum WholeUploadOutcome
{
    /// <summary>Its blob is committed.</summary>
    Completed,

    /// <summary>Another request completed it.</summary>
    Taken,

    /// <summary>Its location is not reserved, or about to be discarded.</summary>
    NotReserved,
}

/// <summary>A session that was promised and whose bytes came all at once.</summary>
/// <param name="Id">The id in its URL.</param>
/// <param name="RegistryId">The registry.</param>
/// <param name="RepositoryId">The repository.</param>
/// <param name="Repository">That repository's name.</param>
/// <param name="Location">The reserved location that holds the bytes.</param>
/// <param name="Digest">The digest that they have.</param>
/// <param name="Size">How many they are.</param>
public sealed record WholeUpload(string Id, long RegistryId, long RepositoryId, RepositoryName Repository, string Location, Digest Digest, long Size)
{
    /// <summary>How many others are on their way at the same node: where they are many, it is worth to wait some milliseconds for those that can share a commit.</summary>
    public int Others { get; init; }
}

/// <summary>What a new upload session is made of.</summary>
/// <param name="Id">The id in its URL.</param>
/// <param name="RegistryId">The registry.</param>
/// <param name="Repository">The repository; its row is made when it has none.</param>
/// <param name="Location">The store's new location.</param>
/// <param name="Algorithm">The algorithm to hash with.</param>
/// <param name="ExpiresAt">When it ends unless bytes come.</param>
/// <param name="WriterUntil">Set when the opening request itself goes on to write; the session then starts with epoch 1 taken.</param>
public sealed record NewUpload(
    string Id,
    long RegistryId,
    RepositoryName Repository,
    string Location,
    DigestAlgorithm Algorithm,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? WriterUntil)
{
    /// <summary>How many bytes it will hold, which it reserves of the quotas that limit it; 0 when its client did not say.</summary>
    public long Declared { get; init; }

    /// <summary>Whether the id was promised, so that another request may have written its row meanwhile.</summary>
    public bool IsPromised { get; init; }

    /// <summary>The digest that it will have, as its client says; default when it did not say.</summary>
    public Digest Expected { get; init; }

    /// <summary>Where its caller may read: what is held there, or in the repository itself, needs no room in the registry once more.</summary>
    public IReadOnlyList<NameRange> Readable { get; init; } = [];

    /// <summary>The epochs as of which the caller was found to be allowed it, where the session is to be opened only if they still stand; null where that was looked at for this request.</summary>
    public SecurityEpochs? AsOf { get; init; }
}
