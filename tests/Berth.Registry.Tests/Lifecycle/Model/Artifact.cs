using System.Text;
using Berth.Oci;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>A manifest with what it names; the same parts make the same bytes.</summary>
/// <param name="bytes">The manifest.</param>
/// <param name="mediaType">Its media type.</param>
internal sealed class Artifact(string bytes, string mediaType)
{
    /// <summary>The manifest.</summary>
    public byte[] Bytes { get; } = Encoding.UTF8.GetBytes(bytes);

    /// <summary>All blobs that manifests are made of.</summary>
    public static IReadOnlyList<byte[]> AllBlobs { get; } = [.. Enumerable.Range(0, 7).Select(Blob)];

    /// <summary>Its digest.</summary>
    public Digest Digest { get; } = DigestOf(Encoding.UTF8.GetBytes(bytes));

    /// <summary>Its media type.</summary>
    public string MediaType => mediaType;

    /// <summary>The blobs that it names.</summary>
    public IReadOnlyList<byte[]> Blobs { get; private init; } = [];

    /// <summary>The manifests that it lists.</summary>
    public IReadOnlyList<Digest> Children { get; private init; } = [];

    /// <summary>What it refers to; default for nothing.</summary>
    public Digest Subject { get; private init; }

    /// <summary>The tag under which cosign keeps a signature of it.</summary>
    public string SignatureTag => $"sha256-{Digest.Hex}.sig";

    /// <summary>An image of a config, a layer of its own and one that all images share; it may refer to something.</summary>
    public static Artifact Image(int config, int layer, Artifact? subject = null)
    {
        byte[][] blobs = [Blob(config), Blob(layer), Blob(0)];
        var refers = subject is null ? "" : $$""","subject":{{subject.Descriptor()}}""";
        var text = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Descriptor("application/vnd.oci.image.config.v1+json", blobs[0])}},"layers":[{{Layer(blobs[1])}},{{Layer(blobs[2])}}]{{refers}}}""";
        return new Artifact(text, MediaTypes.OciManifest) { Blobs = blobs, Subject = subject?.Digest ?? default };
    }

    /// <summary>A signature as cosign makes it: it says what it signs, and no client can tell but by its tag.</summary>
    public static Artifact Signature(Artifact signed)
    {
        var image = Image(1, 6);
        var text = $$"""{{Encoding.UTF8.GetString(image.Bytes)[..^1]}},"annotations":{"signed":"{{signed.Digest}}"} }""";
        return new Artifact(text, MediaTypes.OciManifest) { Blobs = image.Blobs };
    }

    /// <summary>An index.</summary>
    public static Artifact Index(params IReadOnlyCollection<Artifact> children)
    {
        var text = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', children.Select(child => child.Descriptor()))}}]}""";
        return new Artifact(text, MediaTypes.OciIndex) { Children = [.. children.Select(child => child.Digest)] };
    }

    /// <summary>The digest of content.</summary>
    public static Digest DigestOf(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);

    // Of a few, so that images and repositories share them.
    private static byte[] Blob(int number) => Encoding.UTF8.GetBytes($"blob {number}");

    private static string Layer(byte[] blob) => Descriptor("application/vnd.oci.image.layer.v1.tar", blob);

    private string Descriptor() => Descriptor(mediaType, Bytes);

    private static string Descriptor(string mediaType, byte[] content) => $$"""{"mediaType":"{{mediaType}}","digest":"{{DigestOf(content)}}","size":{{content.Length}}}""";
}
