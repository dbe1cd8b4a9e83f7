namespace Berth.Oci;

/// <summary>A descriptor: the type, digest and size of some content (OCI image spec, descriptor.md).</summary>
/// <param name="MediaType">The media type of the content.</param>
/// <param name="Digest">The digest of the content.</param>
/// <param name="Size">The size of the content in bytes; never negative.</param>
public readonly record struct Descriptor(string MediaType, Digest Digest, long Size)
{
    /// <summary>Whether the content is a manifest by its type; an index may list blobs, too, as build caches list their layers.</summary>
    public bool NamesManifest => MediaTypes.TryGetManifestType(MediaType, out _);
}
