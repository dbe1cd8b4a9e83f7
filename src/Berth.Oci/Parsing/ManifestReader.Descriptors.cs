using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Berth.Oci.Parsing;

/// <summary>Descriptors (OCI image spec, descriptor.md).</summary>
internal ref partial struct ManifestReader
{
    private List<Descriptor> ReadDescriptors(ManifestFields section)
    {
        // Go writes a list to which nothing was added as null: BuildKit's image without layers has it. It counts as there, and empty.
        if (_json.TokenType == JsonTokenType.Null) return [];
        if (_json.TokenType != JsonTokenType.StartArray) throw Invalid("must be an array of descriptors");
        var descriptors = new List<Descriptor>();
        while (true)
        {
            Next();
            if (_json.TokenType == JsonTokenType.EndArray) return descriptors;
            descriptors.Add(ReadDescriptor(section, descriptors.Count));
        }
    }

    private Descriptor ReadDescriptor(ManifestFields section, int index = -1)
    {
        (_section, _index, _field) = (section, index, ManifestFields.None);
        if (_json.TokenType != JsonTokenType.StartObject) throw Invalid("must be a descriptor, an object with mediaType, digest and size");
        if (++_descriptors > OciLimits.ManifestDescriptors)
            throw Invalid($"is one descriptor too many; a manifest may have {OciLimits.ManifestDescriptors}, split it into several");

        string? mediaType = null;
        Digest digest = default;
        long? size = null;
        Range? data = null;
        var container = NewContainer();
        var seen = ManifestFields.None;
        while (true)
        {
            _field = ManifestFields.None;
            Next();
            if (_json.TokenType == JsonTokenType.EndObject) break;
            var field = ReadName(container, ManifestFields.OfDescriptor, ref seen);
            if (IsAbsent(field)) continue;
            switch (field)
            {
                case ManifestFields.MediaType:
                    mediaType = ReadType();
                    break;
                case ManifestFields.Digest:
                    digest = ReadDigest();
                    break;
                case ManifestFields.Size:
                    size = ReadSize();
                    break;
                case ManifestFields.Data:
                    if (_json.TokenType != JsonTokenType.String) throw Invalid("must be a string of base64");
                    data = (int)_json.TokenStartIndex..(int)_json.BytesConsumed;
                    break;
                case ManifestFields.Urls:
                    ReadUrls();
                    break;
                case ManifestFields.Annotations:
                    ReadAnnotations();
                    break;
                case ManifestFields.ArtifactType:
                    _ = ReadArtifactType();
                    break;
                case ManifestFields.Platform:
                    if (_json.TokenType != JsonTokenType.StartObject) throw Invalid("must be an object");
                    Skip();
                    break;
                default:
                    Skip();
                    break;
            }
        }

        if (mediaType is null) throw Missing(ManifestFields.MediaType, "the content's media type");
        if (digest.IsDefault) throw Missing(ManifestFields.Digest, "the content's digest");
        if (size is null) throw Missing(ManifestFields.Size, "the content's length in bytes");
        if (data is { } range) CheckData(range, digest, size.Value);
        (_section, _index) = (ManifestFields.None, -1);
        return new Descriptor(mediaType, digest, size.Value);
    }

    [SkipLocalsInit]
    private readonly Digest ReadDigest()
    {
        const int Longest = 7 + 128;
        Span<char> text = stackalloc char[Longest];
        if (_json.TokenType == JsonTokenType.String && _json.ValueSpan.Length <= Longest
            && Digest.TryParse(text[.._json.CopyString(text)], out var digest))
        {
            return digest;
        }

        throw Invalid("must be 'sha256:' with 64 or 'sha512:' with 128 lower-case hexadecimal digits");
    }

    private readonly long ReadSize()
    {
        if (_json.TokenType == JsonTokenType.Number && _json.ValueSpan[0] != (byte)'-' && _json.TryGetInt64(out var size)) return size;
        throw Invalid("must be a whole number of bytes from 0 to 9223372036854775807, without fraction, exponent or quotes");
    }

    private void ReadUrls()
    {
        if (_json.TokenType != JsonTokenType.StartArray) throw Invalid("must be an array of strings");
        while (true)
        {
            Next();
            if (_json.TokenType == JsonTokenType.EndArray) return;
            if (_json.TokenType != JsonTokenType.String) throw Invalid("must be an array of strings");
        }
    }

    /// <summary>Checks embedded content against the descriptor that embeds it (OCI image spec, descriptor.md, "Embedded Content").</summary>
    private void CheckData(Range range, Digest digest, long size)
    {
        _field = ManifestFields.Data;
        var text = _body[range];
        var rented = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            var token = new Utf8JsonReader(text);
            token.Read();
            var buffer = rented.AsSpan(0, token.CopyString(rented));
            if (Base64.DecodeFromUtf8InPlace(buffer, out var length) != OperationStatus.Done) throw Invalid("is not base64 (RFC 4648, section 4)");
            if (length != size) throw Invalid($"decodes to {length} bytes, but size says {size}");
            if (Digest.Compute(digest.Algorithm, buffer[..length]) != digest) throw Invalid($"does not have the digest {digest}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        _field = ManifestFields.None;
    }
}
