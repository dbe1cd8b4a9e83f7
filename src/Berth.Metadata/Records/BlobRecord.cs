using Berth.Oci;

namespace Berth.Metadata;

/// <summary>The state of a blob's bytes. The values are stored.</summary>
public enum BlobState
{
    /// <summary>The bytes are at the row's location.</summary>
    Live = 0,

    /// <summary>The bytes were found missing or wrong: answered as absent until a push brings them again.</summary>
    Damaged = 1,
}

/// <summary>A blob as one repository sees it.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Location">Where its bytes are.</param>
/// <param name="State">Whether the bytes are good.</param>
/// <param name="RepositoryId">The repository whose membership was found.</param>
/// <param name="LeaseUntil">Until when the membership lives without a manifest that names it.</param>
/// <param name="Referenced">Whether a manifest of the repository names it.</param>
public sealed record BlobRecord(
    Digest Digest, long Size, string Location, BlobState State, long RepositoryId, DateTimeOffset LeaseUntil, bool Referenced)
{
    /// <summary>The repository's locks.</summary>
    public Locks RepositoryLocks { get; init; }

    /// <summary>What sets the repository, or every manifest of it that names the blob, apart from those who pull; null when nothing does.</summary>
    public SetApart? SetApart { get; init; }
}
