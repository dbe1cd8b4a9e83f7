namespace Berth.Oci;

/// <summary>A tag: <c>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}</c> (OCI distribution spec, "Pulling manifests"). Case matters.</summary>
public readonly record struct Tag
{
    /// <summary>The longest tag, in characters.</summary>
    public const int MaxLength = 128;

    private readonly string? _value;

    private Tag(string value) => _value = value;

    /// <summary>The tag as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("A default Tag has no value.");

    /// <summary>Reads a tag; false when it does not follow the grammar.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Tag tag)
    {
        tag = default;
        if (text.Length is 0 or > MaxLength || text[0] is '.' or '-') return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-')) return false;
        }

        tag = new Tag(text.ToString());
        return true;
    }

    /// <summary>Reads a tag that is known to be well formed.</summary>
    /// <exception cref="FormatException">The text is not a tag.</exception>
    public static Tag Parse(string text) => TryParse(text, out var tag) ? tag : throw new FormatException($"'{text}' is not a tag.");

    /// <summary>
    /// The digest whose referrers this tag lists by the fallback schema <c>&lt;algorithm&gt;-&lt;hex&gt;</c> (OCI distribution spec,
    /// "Referrers Tag Schema"); false for any other tag. The schema cuts the hex to 64 characters: only of sha256 are they the whole digest.
    /// </summary>
    public bool TryGetReferrersSubject(out Digest subject)
    {
        subject = default;
        const string Prefix = "sha256-";
        return _value is not null && _value.StartsWith(Prefix, StringComparison.Ordinal)
            && Digest.TryParse($"sha256:{_value.AsSpan(Prefix.Length)}", out subject);
    }

    /// <summary>The tag as text.</summary>
    public override string ToString() => _value ?? "";
}
