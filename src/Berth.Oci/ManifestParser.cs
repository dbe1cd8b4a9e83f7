using System.Text.Unicode;
using Berth.Oci.Parsing;

namespace Berth.Oci;

/// <summary>
/// Reads what a registry must know of a manifest, in one forward pass with bounded memory (OCI image spec, manifest.md and image-index.md;
/// Docker image manifest V2, schema 2). It refuses what two readers could understand differently: duplicate keys, a body that is both an image and an
/// index, a type that the header and the body do not agree on (CVE-2021-41190). It does not look at whether the content exists.
/// </summary>
public static class ManifestParser
{
    /// <summary>Reads a manifest.</summary>
    /// <param name="body">The manifest exactly as pushed.</param>
    /// <param name="contentType">The Content-Type header; when it is null or empty, the body's <c>mediaType</c> decides.</param>
    /// <exception cref="OciException">
    /// <see cref="OciErrorCode.ManifestInvalid"/>: status 413 for a body beyond <see cref="OciLimits.ManifestBytes"/>, else 400.
    /// </exception>
    public static Manifest Parse(ReadOnlyMemory<byte> body, string? contentType)
    {
        var declared = ReadContentType(contentType);
        CheckText(body.Span);
        var reader = new ManifestReader(body.Span);
        try
        {
            reader.Read();
            var mediaType = Agree(declared, reader.MediaType);
            var index = MediaTypes.IsIndex(mediaType);
            CheckShape(reader, index);
            return new Manifest(
                mediaType,
                reader.ArtifactType,
                reader.Config,
                reader.Layers ?? [],
                reader.Manifests ?? [],
                reader.Subject,
                reader.Subject is null || reader.Annotations.Equals(default) ? null : System.Text.Encoding.UTF8.GetString(body.Span[reader.Annotations]));
        }
        finally
        {
            reader.Dispose();
        }
    }

    private static string? ReadContentType(string? header)
    {
        if (string.IsNullOrWhiteSpace(header)) return null;
        var text = header.AsSpan();
        var parameters = text.IndexOf(';');
        if (parameters >= 0) text = text[..parameters];
        text = text.Trim(" \t");
        return MediaTypes.TryGetManifestType(text, out var mediaType) ? mediaType : throw Unsupported("Content-Type", text);
    }

    private static string Agree(string? declared, string? written)
    {
        if (written is null)
        {
            return declared ?? throw Invalid(
                "The manifest's type is unknown: the request has no Content-Type and the body no mediaType; send one of them.", "mediaType");
        }

        if (declared is not null)
        {
            if (string.Equals(declared, written, StringComparison.Ordinal)) return declared;
            throw Invalid($"The Content-Type is '{declared}', but the manifest's mediaType is '{Excerpt(written)}'; they must be the same.", "mediaType");
        }

        return MediaTypes.TryGetManifestType(written, out var mediaType) && string.Equals(mediaType, written, StringComparison.Ordinal)
            ? mediaType
            : throw Unsupported("manifest's mediaType", written);
    }

    private static void CheckText(ReadOnlySpan<byte> body)
    {
        if (body.Length > OciLimits.ManifestBytes)
        {
            throw new OciException(
                OciErrorCode.ManifestInvalid, $"The manifest has {body.Length} bytes; the limit is {OciLimits.ManifestBytes}.", status: 413);
        }

        if (body.IsEmpty) throw Invalid("The manifest is empty; send it as the request's body.");
        if (body.StartsWith("\uFEFF"u8)) throw Invalid("The manifest starts with a byte order mark; send plain UTF-8 without one.");
        if (!Utf8.IsValid(body)) throw Invalid("The manifest is not valid UTF-8.");
    }

    private static void CheckShape(in ManifestReader reader, bool index)
    {
        if (index)
        {
            if (reader.Layers is not null || reader.Config is not null)
            {
                throw Invalid(
                    "An index must not have 'layers' or 'config'; push an image manifest under its own type.", reader.Layers is null ? "config" : "layers");
            }

            if (reader.Manifests is null) throw Invalid("An index must have 'manifests', an array that may be empty.", "manifests");
            return;
        }

        if (reader.Manifests is not null) throw Invalid("An image manifest must not have 'manifests'; push an index under its own type.", "manifests");
        if (reader.Config is null) throw Invalid("An image manifest must have 'config', a descriptor.", "config");
        if (reader.Layers is null) throw Invalid("An image manifest must have 'layers', an array that may be empty.", "layers");
    }

    private static OciException Unsupported(string where, ReadOnlySpan<char> mediaType)
    {
        var schema1 = mediaType.StartsWith("application/vnd.docker.distribution.manifest.v1+", StringComparison.OrdinalIgnoreCase);
        var advice = schema1
            ? "that is Docker schema 1, which is no longer accepted; push the image with a current client"
            : $"a manifest must be one of {string.Join(", ", MediaTypes.ManifestTypes)}";
        return Invalid($"The {where} is '{Excerpt(mediaType)}'; {advice}.", "mediaType");
    }

    private static OciException Invalid(string message, string? detail = null) => new(OciErrorCode.ManifestInvalid, message, detail: detail);

    private static string Excerpt(ReadOnlySpan<char> text)
    {
        const int Longest = 128;
        return text.Length <= Longest ? text.ToString() : $"{text[..Longest]}…";
    }
}
