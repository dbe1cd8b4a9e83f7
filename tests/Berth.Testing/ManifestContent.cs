using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Berth.Testing;

/// <summary>A manifest to push.</summary>
/// <param name="MediaType">Its Content-Type.</param>
/// <param name="Bytes">Its bytes.</param>
public sealed record ManifestContent(string MediaType, byte[] Bytes)
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Its sha256 digest.</summary>
    public string Digest { get; } = Content.Digest(Bytes);

    /// <summary>Its sha512 digest.</summary>
    public string Sha512 => Content.Digest(Bytes, "sha512");

    /// <summary>An image manifest; an edit may change anything before it becomes bytes.</summary>
    public static ManifestContent Image(BlobContent config, IEnumerable<BlobContent> layers, Action<JsonObject>? edit = null, string mediaType = Types.Manifest) =>
        From(
            mediaType,
            new JsonObject
            {
                ["schemaVersion"] = 2,
                ["mediaType"] = mediaType,
                ["config"] = config.Descriptor(),
                ["layers"] = new JsonArray([.. layers.Select(l => l.Descriptor())]),
            },
            edit);

    /// <summary>An index; an edit may change anything before it becomes bytes.</summary>
    public static ManifestContent Index(IEnumerable<JsonObject> children, Action<JsonObject>? edit = null, string mediaType = Types.Index) =>
        From(mediaType, new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = mediaType, ["manifests"] = new JsonArray([.. children]) }, edit);

    /// <summary>A manifest of this text.</summary>
    public static ManifestContent Text(string json, string mediaType = Types.Manifest) => new(mediaType, Content.Utf8(json));

    /// <summary>A descriptor of it, with a sha256 digest unless told otherwise.</summary>
    public JsonObject Descriptor(string algorithm = "sha256") =>
        new() { ["mediaType"] = MediaType, ["digest"] = Content.Digest(Bytes, algorithm), ["size"] = Bytes.Length };

    private static ManifestContent From(string mediaType, JsonObject document, Action<JsonObject>? edit)
    {
        edit?.Invoke(document);
        return new ManifestContent(mediaType, JsonSerializer.SerializeToUtf8Bytes(document, Format));
    }
}
