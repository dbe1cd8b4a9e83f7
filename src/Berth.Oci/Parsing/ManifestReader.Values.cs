using System.Text.Json;

namespace Berth.Oci.Parsing;

/// <summary>Values that stand in more than one place, and the messages.</summary>
internal ref partial struct ManifestReader
{
    private const int LongestExcerpt = 128;

    private static readonly (byte[] Utf8, string Text)[] CommonTypes =
    [
        .. new[]
        {
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.container.image.v1+json",
            MediaTypes.OciConfig,
            MediaTypes.OciManifest,
            MediaTypes.OciIndex,
            MediaTypes.OciEmpty,
            MediaTypes.DockerManifest,
            MediaTypes.DockerManifestList,
        }.Select(text => (System.Text.Encoding.ASCII.GetBytes(text), text)),
    ];

    /// <summary>Reads a media type; equal ones share one string, because the layers of an image mostly have the same.</summary>
    private string ReadType()
    {
        if (_json.TokenType != JsonTokenType.String) throw Invalid("must be a string, a media type");
        if (_lastMediaType is not null && _json.ValueTextEquals(_lastMediaType)) return _lastMediaType;
        foreach (var (utf8, text) in CommonTypes)
        {
            if (_json.ValueSpan.SequenceEqual(utf8)) return _lastMediaType = text;
        }

        if (_json.ValueSpan.Length > OciLimits.MediaTypeLength) throw Invalid($"is longer than {OciLimits.MediaTypeLength} bytes");
        var value = _json.GetString()!;
        if (value.Length == 0) throw Invalid("must not be empty");
        if (value.AsSpan().ContainsAnyInRange('\0', '\u001f') || value.Contains('\u007f')) throw Invalid("must not contain control characters");
        return _lastMediaType = value;
    }

    private string? ReadArtifactType()
    {
        var empty = _json.TokenType == JsonTokenType.String && _json.ValueSpan.IsEmpty;
        return empty ? null : ReadType();
    }

    private void ReadAnnotations()
    {
        if (_json.TokenType != JsonTokenType.StartObject) throw Invalid("must be an object of strings");
        var container = NewContainer();
        while (true)
        {
            Next();
            if (_json.TokenType == JsonTokenType.EndObject) return;
            Remember(container);
            Next();
            if (_json.TokenType != JsonTokenType.String) throw Invalid("must have strings as values; quote numbers and booleans");
        }
    }

    /// <summary>Goes over a value of any shape; its objects may not have duplicate keys either.</summary>
    private void Skip()
    {
        if (_json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return;
        var depth = _json.CurrentDepth;
        _open ??= new int[OciLimits.ManifestDepth + 1];
        while (true)
        {
            switch (_json.TokenType)
            {
                case JsonTokenType.StartObject:
                    _open[_json.CurrentDepth + 1] = NewContainer();
                    break;
                case JsonTokenType.PropertyName:
                    Remember(_open[_json.CurrentDepth]);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray when _json.CurrentDepth == depth:
                    return;
            }

            Next();
        }
    }

    /// <summary>Notes the key the reader stands on; refuses a second one in the same object.</summary>
    private void Remember(int container)
    {
        switch (_keys.Add(ref _json, container))
        {
            case SeenKeys.Outcome.Duplicate:
                throw Invalid(_json.ValueSpan.Length <= LongestExcerpt ? $"has the key '{_json.GetString()}' twice" : "has a key twice");
            case SeenKeys.Outcome.Full:
                throw Invalid($"goes beyond the {OciLimits.ManifestKeys} keys that a manifest may have");
        }
    }

    private int NewContainer() => ++_lastContainer;

    private void Next()
    {
        if (!_json.Read()) throw Invalid("ends too early");
        if (_json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && _json.CurrentDepth >= OciLimits.ManifestDepth)
            throw Invalid($"is nested deeper than {OciLimits.ManifestDepth} levels");
        if (!_json.ValueIsEscaped || _json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) return;
        if (!JsonEscapes.ArePaired(_json.ValueSpan)) throw Invalid("has an escaped surrogate without its other half");
    }

    private readonly OciException Missing(ManifestFields field, string what) => Invalid($"lacks '{field.Name()}', {what}");

    private readonly OciException Invalid(string what)
    {
        var place = Place();
        return new OciException(
            OciErrorCode.ManifestInvalid,
            $"The manifest{(place is null ? "" : $"'s {place}")} {what} (at byte {_json.TokenStartIndex}).",
            detail: place);
    }

    private readonly OciException Malformed(JsonException cause)
    {
        var where = $"line {cause.LineNumber + 1}, byte {cause.BytePositionInLine + 1}";
        return new OciException(OciErrorCode.ManifestInvalid, $"The manifest is not well-formed JSON at {where}.", detail: Place());
    }

    private readonly string? Place()
    {
        if (_section == ManifestFields.None) return _field == ManifestFields.None ? null : _field.Name();
        var section = _index < 0 ? _section.Name() : $"{_section.Name()}[{_index}]";
        return _field == ManifestFields.None ? section : $"{section}.{_field.Name()}";
    }
}
