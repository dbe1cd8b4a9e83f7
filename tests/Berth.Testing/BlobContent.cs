using System.Text.Json.Nodes;

namespace Berth.Testing;

/// <summary>A blob to push.</summary>
/// <param name="Bytes">Its bytes.</param>
/// <param name="MediaType">The type that descriptors give it.</param>
/// <param name="Algorithm">The algorithm of its digest.</param>
public sealed record BlobContent(byte[] Bytes, string MediaType = Types.Layer, string Algorithm = "sha256")
{
    /// <summary>Its digest.</summary>
    public string Digest => Content.Digest(Bytes, Algorithm);

    /// <summary>A layer that nobody has pushed before.</summary>
    public static BlobContent Layer(int size = 100, string algorithm = "sha256") => new(Content.Random(size), Types.Layer, algorithm);

    /// <summary>An image configuration that nobody has pushed before.</summary>
    public static BlobContent Config(string algorithm = "sha256") =>
        new(Content.Utf8($$$"""{"architecture":"amd64","os":"linux","author":"{{{Content.Name()}}}","rootfs":{"type":"layers","diff_ids":[]}}"""), Types.Config, algorithm);

    /// <summary>The empty descriptor's content (OCI image spec, "Guidance for an Empty Descriptor").</summary>
    public static BlobContent Empty(string algorithm = "sha256") => new(Content.Utf8("{}"), Types.Empty, algorithm);

    /// <summary>A descriptor of it.</summary>
    public JsonObject Descriptor() => new() { ["mediaType"] = MediaType, ["digest"] = Digest, ["size"] = Bytes.Length };
}
