using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Berth.Oci;

/// <summary>The media types that decide how a manifest is read (OCI image spec, media-types.md; Docker image manifest V2, schema 2).</summary>
public static class MediaTypes
{
    /// <summary>OCI image manifest.</summary>
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>OCI image index.</summary>
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>Docker image manifest, version 2, schema 2.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker manifest list, the elder of the OCI index.</summary>
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>The empty descriptor's media type; its content is <c>{}</c>.</summary>
    public const string OciEmpty = "application/vnd.oci.empty.v1+json";

    /// <summary>OCI image configuration.</summary>
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";

    /// <summary>Docker image configuration.</summary>
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>The configuration of a Helm chart.</summary>
    public const string HelmConfig = "application/vnd.cncf.helm.config.v1+json";

    /// <summary>Bytes of no known kind; blobs are served as this.</summary>
    public const string OctetStream = "application/octet-stream";

    /// <summary>The manifest types that a registry accepts; also what a client says it accepts.</summary>
    public static ImmutableArray<string> ManifestTypes { get; } = [OciManifest, OciIndex, DockerManifest, DockerManifestList];

    /// <summary>Whether manifests of this type list blobs (config and layers).</summary>
    public static bool IsImage(string mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>Whether a config of this type is that of a container image, which names an architecture and an operating system.</summary>
    public static bool IsImageConfig(string mediaType) => mediaType is OciConfig or DockerConfig;

    /// <summary>
    /// Whether something runs or installs what has a config of this type: that of an image or of a chart, or one of those that say nothing, which Docker's engine takes for an image's because some
    /// registries once answered so.
    /// </summary>
    public static bool IsRunnableConfig(string mediaType) => IsAnyOf(mediaType, [OciConfig, DockerConfig, HelmConfig, OctetStream, "application/json", "text/html", ""]);

    /// <summary>Whether something runs or installs what has a layer of this type: one of an image, also a non-distributable one, or a chart's content.</summary>
    public static bool IsRunnableLayer(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.", StringComparison.OrdinalIgnoreCase)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.", StringComparison.OrdinalIgnoreCase)
        || mediaType.StartsWith("application/vnd.cncf.helm.chart.content.", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether manifests of this type list other manifests.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerManifestList;

    /// <summary>
    /// Finds the supported manifest type that a media type names, whatever its case (RFC 9110, section 8.3.1); false for anything else.
    /// </summary>
    public static bool TryGetManifestType(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? mediaType)
    {
        mediaType = null;
        foreach (var candidate in ManifestTypes)
        {
            if (text.Equals(candidate, StringComparison.OrdinalIgnoreCase)) mediaType = candidate;
        }

        return mediaType is not null;
    }

    /// <summary>Whether a layer of this type may be absent from the registry (OCI image spec, layer.md, "Non-Distributable Layers").</summary>
    public static bool IsNonDistributable(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.v1.tar", StringComparison.Ordinal)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.diff.tar", StringComparison.Ordinal);

    // What only differs in case is the same type to some of those who read it.
    private static bool IsAnyOf(string mediaType, ReadOnlySpan<string> types)
    {
        foreach (var type in types)
        {
            if (mediaType.Equals(type, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
