using System.Collections.Immutable;

namespace Berth.Oci.Parsing;

/// <summary>The fields of manifests, indexes and descriptors that the parser reads.</summary>
[Flags]
internal enum ManifestFields
{
    None = 0,
    SchemaVersion = 1 << 0,
    MediaType = 1 << 1,
    ArtifactType = 1 << 2,
    Config = 1 << 3,
    Layers = 1 << 4,
    Manifests = 1 << 5,
    Subject = 1 << 6,
    Annotations = 1 << 7,
    Digest = 1 << 8,
    Size = 1 << 9,
    Urls = 1 << 10,
    Data = 1 << 11,
    Platform = 1 << 12,

    /// <summary>What stands at the top of a manifest or index.</summary>
    OfManifest = SchemaVersion | MediaType | ArtifactType | Config | Layers | Manifests | Subject | Annotations,

    /// <summary>What stands in a descriptor.</summary>
    OfDescriptor = MediaType | Digest | Size | Urls | Annotations | Data | ArtifactType | Platform,
}

/// <summary>The names of <see cref="ManifestFields"/>.</summary>
internal static class ManifestFieldNames
{
    /// <summary>Each field with its name.</summary>
    public static readonly ImmutableArray<(ManifestFields Field, string Name)> All =
    [
        (ManifestFields.SchemaVersion, "schemaVersion"),
        (ManifestFields.MediaType, "mediaType"),
        (ManifestFields.ArtifactType, "artifactType"),
        (ManifestFields.Config, "config"),
        (ManifestFields.Layers, "layers"),
        (ManifestFields.Manifests, "manifests"),
        (ManifestFields.Subject, "subject"),
        (ManifestFields.Annotations, "annotations"),
        (ManifestFields.Digest, "digest"),
        (ManifestFields.Size, "size"),
        (ManifestFields.Urls, "urls"),
        (ManifestFields.Data, "data"),
        (ManifestFields.Platform, "platform"),
    ];

    /// <summary>The field's name as it is written; for one field, not a set.</summary>
    public static string Name(this ManifestFields field)
    {
        foreach (var (candidate, name) in All)
        {
            if (candidate == field) return name;
        }

        throw new ArgumentOutOfRangeException(nameof(field));
    }

    /// <summary>The field of this exact name, or <see cref="ManifestFields.None"/>.</summary>
    public static ManifestFields Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 when name.SequenceEqual("size"u8) => ManifestFields.Size,
        4 when name.SequenceEqual("data"u8) => ManifestFields.Data,
        4 when name.SequenceEqual("urls"u8) => ManifestFields.Urls,
        6 when name.SequenceEqual("digest"u8) => ManifestFields.Digest,
        6 when name.SequenceEqual("layers"u8) => ManifestFields.Layers,
        6 when name.SequenceEqual("config"u8) => ManifestFields.Config,
        7 when name.SequenceEqual("subject"u8) => ManifestFields.Subject,
        8 when name.SequenceEqual("platform"u8) => ManifestFields.Platform,
        9 when name.SequenceEqual("mediaType"u8) => ManifestFields.MediaType,
        9 when name.SequenceEqual("manifests"u8) => ManifestFields.Manifests,
        11 when name.SequenceEqual("annotations"u8) => ManifestFields.Annotations,
        12 when name.SequenceEqual("artifactType"u8) => ManifestFields.ArtifactType,
        13 when name.SequenceEqual("schemaVersion"u8) => ManifestFields.SchemaVersion,
        _ => ManifestFields.None,
    };

    /// <summary>
    /// Whether a reader that ignores case would take a name for a field's. Go's encoding/json is such a reader, and most clients are written in Go.
    /// </summary>
    public static bool EqualsIgnoringCase(ReadOnlySpan<char> name, string fieldName)
    {
        if (name.Length != fieldName.Length) return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (Fold(name[i]) != Fold(fieldName[i])) return false;
        }

        return true;
    }

    // Beyond ASCII, Unicode's simple case folding maps only these two onto ASCII letters: the long s and the Kelvin sign.
    private static char Fold(char c) => c switch
    {
        'ſ' => 's',
        'K' => 'k',
        _ => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c,
    };
}
