namespace Berth.Oci;

/// <summary>
/// What a registry must know of a manifest: its type and the content it names. The bytes themselves are stored and served untouched.
/// </summary>
/// <param name="MediaType">The manifest's media type, agreed between the Content-Type header and the body.</param>
/// <param name="ArtifactType">The body's <c>artifactType</c>, or null.</param>
/// <param name="Config">The config descriptor of an image manifest; null for an index.</param>
/// <param name="Layers">The layers of an image manifest, in order.</param>
/// <param name="Manifests">The children of an index, in order.</param>
/// <param name="Subject">The manifest this one refers to, or null.</param>
/// <param name="Annotations">
/// The annotations as the JSON object that stands in the body; null when there are none, and when there is no subject, because only a
/// referrers list shows them.
/// </param>
public sealed record Manifest(
    string MediaType,
    string? ArtifactType,
    Descriptor? Config,
    IReadOnlyList<Descriptor> Layers,
    IReadOnlyList<Descriptor> Manifests,
    Descriptor? Subject,
    string? Annotations)
{
    /// <summary>
    /// The type a referrers list shows: <c>artifactType</c>, else the config's media type for an image manifest, else null
    /// (OCI distribution spec, "Listing Referrers").
    /// </summary>
    public string? ReferrerArtifactType => ArtifactType ?? Config?.MediaType;

    /// <summary>The sizes of config and layers together, as the descriptors have them; 0 for an index. It stays at the largest number where the sum would pass it.</summary>
    public long ContentSize
    {
        get
        {
            var sum = Config?.Size ?? 0;
            foreach (var layer in Layers) sum = layer.Size > long.MaxValue - sum ? long.MaxValue : sum + layer.Size;
            return sum;
        }
    }
}
