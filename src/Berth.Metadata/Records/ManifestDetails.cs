using Berth.Oci;

namespace Berth.Metadata;

/// <summary>A manifest as the metadata API shows it.</summary>
/// <param name="Sequence">Its row; with the digest it names the manifest for <see cref="IArtifacts.DescribeManifestsAsync"/>.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="CreatedAt">When it was first pushed.</param>
/// <param name="UpdatedAt">When it was pushed, or a tag last began or ceased to name it.</param>
/// <param name="Locks">Its locks.</param>
public sealed record ManifestDetails(long Sequence, Digest Digest, string MediaType, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, Locks Locks)
{
    /// <summary>The most names, of tags and of what indexes list, of one manifest; a page ends behind the manifest with which it reaches so many.</summary>
    public const int MostNames = 10_000;

    /// <summary>Its artifact type, with the config's media type as fallback; null when it has neither.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Who pushed it; null when nobody knows any more.</summary>
    public string? PushedBy { get; init; }

    /// <summary>When it was pulled last, as far as pulls are remembered; null when none is.</summary>
    public DateTimeOffset? PulledAt { get; init; }

    /// <summary>What it and its config say.</summary>
    public ManifestDescription Description { get; init; }

    /// <summary>Whether that is all that can be known; if not, its config has yet to be looked at.</summary>
    public bool IsDescribed { get; init; }

    /// <summary>Its tags, without those that lists leave out.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>What it lists, where it is an index.</summary>
    public IReadOnlyList<ListedManifest> References { get; init; } = [];
}

/// <summary>What a manifest and its config say.</summary>
/// <param name="ImageSize">The sizes of config and layers together, as the descriptors have them; 0 for an index, null when not known.</param>
/// <param name="ConfigMediaType">The media type of the config; null for an index.</param>
/// <param name="Architecture">The architecture that an image's config names, or null.</param>
/// <param name="Os">The operating system that an image's config names, or null.</param>
public readonly record struct ManifestDescription(long? ImageSize, string? ConfigMediaType, string? Architecture, string? Os)
{
    // The content of the empty descriptor, {}, whatever type its descriptor says.
    private static readonly Digest Empty = Digest.Parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");

    /// <summary>What the manifest says by itself.</summary>
    public static ManifestDescription Of(Manifest manifest) => new(manifest.ContentSize, manifest.Config?.MediaType, null, null);

    /// <summary>Whether the config of a manifest says more than its descriptor: it is that of an image.</summary>
    public static bool HasConfigOfImage(Manifest manifest) =>
        MediaTypes.IsImage(manifest.MediaType) && manifest.Config is { } config && MediaTypes.IsImageConfig(config.MediaType);

    /// <summary>Whether a manifest does nothing but say something of another, as signatures, attestations and bills of materials do: it has a subject, and nothing runs or installs it.</summary>
    /// <remarks>
    /// Anybody can add a subject to an image, or give its config a type of their own, and each client looks at something else: podman runs every Docker manifest, Docker's engine goes by the type of
    /// the config and takes those that say nothing, containerd goes by the layers, and Helm by the layer of a chart. Only an empty config is enough by itself, by its digest and not by its type: it
    /// describes no file system that layers could make up, and clients that attach files give them the type of an image's layer where they are told no other.
    /// </remarks>
    public static bool IsAttachment(Manifest manifest)
    {
        if (manifest is not { MediaType: MediaTypes.OciManifest, Subject: not null, Config: { } config }) return false;
        if (config.Digest == Empty) return true;
        return !MediaTypes.IsRunnableConfig(config.MediaType) && !manifest.Layers.Any(layer => MediaTypes.IsRunnableLayer(layer.MediaType));
    }
}

/// <summary>An entry of an index.</summary>
/// <param name="Digest">The digest of what is listed.</param>
/// <param name="Architecture">Its architecture, as far as known.</param>
/// <param name="Os">Its operating system, as far as known.</param>
public readonly record struct ListedManifest(Digest Digest, string? Architecture, string? Os);

/// <summary>A description to be kept.</summary>
/// <param name="Sequence">The manifest's row.</param>
/// <param name="Digest">The manifest's digest.</param>
/// <param name="Description">What it says.</param>
public readonly record struct DescribedManifest(long Sequence, Digest Digest, ManifestDescription Description);
