using Berth.Oci;

namespace Berth.Metadata;

/// <summary>A manifest as it is served.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Subject">The digest of its subject; default when it has none.</param>
/// <param name="Bytes">Its bytes exactly as pushed; null when they were not asked for.</param>
public sealed record ManifestRecord(Digest Digest, string MediaType, long Size, Digest Subject, byte[]? Bytes)
{
    /// <summary>The repository's locks.</summary>
    public Locks RepositoryLocks { get; init; }

    /// <summary>The locks of the tag that it was asked for by; none for a digest.</summary>
    public Locks TagLocks { get; init; }

    /// <summary>Its own locks.</summary>
    public Locks Locks { get; init; }

    /// <summary>What sets it apart from those who pull; null when nothing does.</summary>
    public SetApart? SetApart { get; init; }
}

/// <summary>An entry of a referrers list.</summary>
/// <param name="Sequence">Orders the list; the key of the next page.</param>
/// <param name="Digest">The referring manifest's digest.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ArtifactType">Its artifact type, with the config's media type as fallback; null when it has neither.</param>
/// <param name="Annotations">Its annotations as a JSON object, or null.</param>
public sealed record ReferrerRecord(long Sequence, Digest Digest, string MediaType, long Size, string? ArtifactType, string? Annotations)
{
    /// <summary>A page of a list ends behind the referrer with which its annotations reach so many characters: they are held in memory together.</summary>
    public const int MaxAnnotationsOfPage = 3 << 20;
}
