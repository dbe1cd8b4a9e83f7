namespace Berth.Oci.Client;

/// <summary>A manifest as a registry gave it.</summary>
/// <param name="MediaType">The answer's Content-Type, without parameters.</param>
/// <param name="Digest">The digest of the bytes: in the algorithm asked for, else in the one the registry named, else SHA-256.</param>
/// <param name="Bytes">The bytes, which have that digest.</param>
public sealed record RemoteManifest(string MediaType, Digest Digest, ReadOnlyMemory<byte> Bytes);

/// <summary>What a registry answered to a push of a manifest.</summary>
/// <param name="Digest">The digest it stands under.</param>
/// <param name="Subject">The subject whose referrers now list it (<c>OCI-Subject</c>); default when the registry does not say so.</param>
/// <param name="Tags">The tags that were set by <c>?tag=</c> (<c>OCI-Tag</c>).</param>
public sealed record ManifestPush(Digest Digest, Digest Subject, IReadOnlyList<string> Tags);

/// <summary>A manifest that refers to another one.</summary>
/// <param name="Descriptor">Its type, digest and size.</param>
/// <param name="ArtifactType">Its artifact type, or null.</param>
/// <param name="Annotations">Its annotations; empty when it has none.</param>
public sealed record Referrer(Descriptor Descriptor, string? ArtifactType, IReadOnlyDictionary<string, string> Annotations);
