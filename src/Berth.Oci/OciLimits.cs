namespace Berth.Oci;

/// <summary>The limits of what a registry accepts, each with its origin.</summary>
public static class OciLimits
{
    /// <summary>The largest manifest in bytes: 4 MiB, the least that the OCI distribution spec asks for, and Azure Container Registry's limit.</summary>
    public const int ManifestBytes = 4 * 1024 * 1024;

    /// <summary>The deepest nesting of a manifest's JSON; real ones stay under ten.</summary>
    public const int ManifestDepth = 32;

    /// <summary>The most descriptors in one manifest (children of an index, or layers): the 4 MiB limit allows about 30,000, so this bounds the transaction.</summary>
    public const int ManifestDescriptors = 8_192;

    /// <summary>
    /// The most keys in one manifest that are not the spec's own fields (annotations, platform, unknown fields): sixteen for each of
    /// <see cref="ManifestDescriptors"/>. They are remembered to find duplicates, so this bounds the memory: 6 MiB at worst.
    /// </summary>
    public const int ManifestKeys = 131_072;

    /// <summary>The longest media type or artifact type in characters; RFC 6838, section 4.2 allows 127 on each side of the slash.</summary>
    public const int MediaTypeLength = 1_024;

    /// <summary>The most tags in one <c>?tag=</c> push: the OCI distribution spec asks for at least 10.</summary>
    public const int TagsPerPush = 64;

    /// <summary>The largest page of a list; a larger <c>n</c> is answered with this many entries and a <c>Link</c>.</summary>
    public const int PageEntries = 10_000;

    /// <summary>The page of a list when a client names no <c>n</c>; large enough for the clients that do not follow <c>Link</c>.</summary>
    public const int DefaultPageEntries = 1_000;
}
