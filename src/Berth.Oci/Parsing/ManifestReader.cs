using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Berth.Oci.Parsing;

/// <summary>
/// One forward pass over a manifest's JSON. It keeps the descriptors, the types and the place of the annotations, and nothing else of the
/// text. Every refusal is an <see cref="OciException"/> that says where it is.
/// </summary>
internal ref partial struct ManifestReader
{
    private readonly ReadOnlySpan<byte> _body;
    private Utf8JsonReader _json;
    private SeenKeys _keys;
    private int[]? _open; // the numbers of the objects around the reader by depth, inside a skipped value
    private int _lastContainer;
    private int _descriptors;
    private string? _lastMediaType;

    // Where the reader is, for messages: layers[3].size is (Layers, 3, Size).
    private ManifestFields _section;
    private int _index = -1;
    private ManifestFields _field;

    private List<Descriptor>? _layers;
    private List<Descriptor>? _manifests;

    public ManifestReader(ReadOnlySpan<byte> body)
    {
        _body = body;
        _json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = OciLimits.ManifestDepth + 1 });
        _keys = new SeenKeys(body);
    }

    /// <summary>The body's <c>mediaType</c>, or null.</summary>
    public string? MediaType { get; private set; }

    /// <summary>The body's <c>artifactType</c>, or null; an empty one counts as none (OCI distribution spec, "Pushing Manifests with Subject").</summary>
    public string? ArtifactType { get; private set; }

    /// <summary>The config, or null.</summary>
    public Descriptor? Config { get; private set; }

    /// <summary>The subject, or null.</summary>
    public Descriptor? Subject { get; private set; }

    /// <summary>Where the annotations' JSON object stands in the body; empty when there is none.</summary>
    public Range Annotations { get; private set; }

    /// <summary>The layers; null when the field is absent.</summary>
    public readonly IReadOnlyList<Descriptor>? Layers => _layers;

    /// <summary>The children; null when the field is absent.</summary>
    public readonly IReadOnlyList<Descriptor>? Manifests => _manifests;

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="OciException">The body is not a manifest; <see cref="OciErrorCode.ManifestInvalid"/>.</exception>
    public void Read()
    {
        try
        {
            Next();
            if (_json.TokenType != JsonTokenType.StartObject) throw Invalid("must be one JSON object");
            ReadTop();
            if (_json.Read()) throw Invalid("has more after its closing brace");
        }
        catch (JsonException e)
        {
            throw Malformed(e);
        }
    }

    /// <summary>Gives rented memory back.</summary>
    public void Dispose() => _keys.Dispose();

    private void ReadTop()
    {
        var container = NewContainer();
        var seen = ManifestFields.None;
        while (true)
        {
            _field = ManifestFields.None;
            Next();
            if (_json.TokenType == JsonTokenType.EndObject) break;
            var field = ReadName(container, ManifestFields.OfManifest, ref seen);
            if (IsAbsent(field)) continue;
            switch (field)
            {
                case ManifestFields.SchemaVersion:
                    if (_json.TokenType != JsonTokenType.Number || !_json.ValueSpan.SequenceEqual("2"u8)) throw Invalid("must be the number 2");
                    break;
                case ManifestFields.MediaType:
                    MediaType = ReadType();
                    break;
                case ManifestFields.ArtifactType:
                    ArtifactType = ReadArtifactType();
                    break;
                case ManifestFields.Config:
                    Config = ReadDescriptor(ManifestFields.Config);
                    break;
                case ManifestFields.Subject:
                    Subject = ReadDescriptor(ManifestFields.Subject);
                    break;
                case ManifestFields.Layers:
                    _layers = ReadDescriptors(ManifestFields.Layers);
                    break;
                case ManifestFields.Manifests:
                    _manifests = ReadDescriptors(ManifestFields.Manifests);
                    break;
                case ManifestFields.Annotations:
                    var start = (int)_json.TokenStartIndex;
                    ReadAnnotations();
                    Annotations = start..(int)_json.BytesConsumed;
                    break;
                default:
                    Skip();
                    break;
            }
        }

        if ((seen & ManifestFields.SchemaVersion) == 0) throw Missing(ManifestFields.SchemaVersion, "the number 2");
    }

    /// <summary>Reads the property name the reader stands on and moves to its value; the field it names in this context, or none.</summary>
    private ManifestFields ReadName(int container, ManifestFields context, ref ManifestFields seen)
    {
        var field = Find(context);
        if (field == ManifestFields.None)
        {
            Remember(container);
            Next();
            return field;
        }

        _field = field;
        if ((seen & field) != 0) throw Invalid("stands twice");
        seen |= field;
        Next();
        return field;
    }

    /// <summary>The field of this context that the property name stands for, or none.</summary>
    private readonly ManifestFields Find(ManifestFields context)
    {
        if (_json.ValueIsEscaped) return FindDecoded(context);
        var field = ManifestFieldNames.Find(_json.ValueSpan) & context;
        return field != ManifestFields.None ? field : FindDecoded(context);
    }

    [SkipLocalsInit]
    private readonly ManifestFields FindDecoded(ManifestFields context)
    {
        // The longest name has 13 characters, each of which may be written as an escape of six bytes.
        const int Longest = 13 * 6;
        if (_json.ValueSpan.Length > Longest) return ManifestFields.None;

        Span<char> text = stackalloc char[Longest];
        text = text[.._json.CopyString(text)];
        foreach (var (field, name) in ManifestFieldNames.All)
        {
            if ((context & field) == 0 || !ManifestFieldNames.EqualsIgnoringCase(text, name)) continue;
            if (text.SequenceEqual(name)) return field;
            throw Invalid($"has the field '{text}', which clients that ignore case take for '{name}'");
        }

        return ManifestFields.None;
    }

    /// <summary>Whether the value is a null that counts as an absent field; JSON libraries write it for optional fields.</summary>
    private readonly bool IsAbsent(ManifestFields field)
    {
        const ManifestFields Optional = ManifestFields.MediaType | ManifestFields.ArtifactType | ManifestFields.Subject | ManifestFields.Annotations
            | ManifestFields.Urls | ManifestFields.Data | ManifestFields.Platform;
        return _json.TokenType == JsonTokenType.Null && (field & Optional) != 0;
    }
}
