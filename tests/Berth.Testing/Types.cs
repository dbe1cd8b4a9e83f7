namespace Berth.Testing;

/// <summary>Media types, as the specs spell them.</summary>
public static class Types
{
    /// <summary>OCI image manifest.</summary>
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>OCI image index.</summary>
    public const string Index = "application/vnd.oci.image.index.v1+json";

    /// <summary>Docker image manifest, version 2, schema 2.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker manifest list.</summary>
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>OCI image configuration.</summary>
    public const string Config = "application/vnd.oci.image.config.v1+json";

    /// <summary>Docker image configuration.</summary>
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>An OCI layer without compression.</summary>
    public const string Layer = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>A Docker layer.</summary>
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>The empty descriptor.</summary>
    public const string Empty = "application/vnd.oci.empty.v1+json";

    /// <summary>The Accept header of a client that takes every kind of manifest.</summary>
    public const string AllManifests = $"{Manifest}, {Index}, {DockerManifest}, {DockerList}";
}
