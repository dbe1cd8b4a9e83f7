namespace Berth.Oci;

/// <summary>A tag: <c>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}</c> (OCI distribution spec, "Pulling manifests"). Case matters.</summary>
public readonly record struct Tag
{
    /// <summary>The longest tag, in characters.</summary>
    public const int MaxLength = 128;

    private const int ReferrersHexLength = 64;

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
    /// The tag that lists the referrers of a subject by the fallback schema <c>&lt;algorithm&gt;-&lt;hex&gt;</c>, the hex cut to 64 characters (OCI
    /// distribution spec, "Referrers Tag Schema").
    /// </summary>
    public static Tag ForReferrersOf(Digest subject) => new($"{subject.Algorithm.Name()}-{subject.Hex.AsSpan(0, ReferrersHexLength)}");

    /// <summary>
    /// The subjects whose referrers this tag may list by the fallback schema, as an inclusive range: of sha256 the one digest, of sha512 all that
    /// begin with the 64 characters of hex that the schema keeps. False for any other tag.
    /// </summary>
    public bool TryGetReferrersSubjects(out Digest first, out Digest last)
    {
        (first, last) = (default, default);
        var dash = _value?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (dash < 0 || _value!.Length != dash + 1 + ReferrersHexLength || !DigestAlgorithms.TryParse(_value.AsSpan(0, dash), out var algorithm)) return false;

        var hex = _value[(dash + 1)..];
        var length = algorithm.HashLength() * 2;
        return Digest.TryParse($"{algorithm.Name()}:{hex.PadRight(length, '0')}", out first)
            && Digest.TryParse($"{algorithm.Name()}:{hex.PadRight(length, 'f')}", out last);
    }

    /// <summary>The tag as text.</summary>
    public override string ToString() => _value ?? "";
}
