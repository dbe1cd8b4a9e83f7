namespace Berth.Oci;

/// <summary>
/// A repository's name inside one registry: path components of lower-case letters and digits, separated inside by <c>.</c>, <c>_</c>,
/// <c>__</c> or dashes, joined by <c>/</c>; 1 to 255 characters (OCI distribution spec, "Pulling manifests").
/// </summary>
public readonly record struct RepositoryName
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 255;

    private readonly string? _value;

    private RepositoryName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("A default RepositoryName has no value.");

    /// <summary>Reads a name; false when it does not follow the grammar.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RepositoryName name)
    {
        name = default;
        if (!IsValid(text)) return false;
        name = new RepositoryName(text.ToString());
        return true;
    }

    /// <summary>Reads a name that is known to be well formed.</summary>
    /// <exception cref="FormatException">The text is not a repository name.</exception>
    public static RepositoryName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a repository name.");

    /// <summary>Whether the text follows the grammar <c>[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*</c>.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength) return false;

        var i = 0;
        while (true)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiLetterLower(text[i]) | char.IsAsciiDigit(text[i])) i++;
            if (i == start) return false;
            if (i == text.Length) return true;

            switch (text[i])
            {
                case '/' or '.':
                    i++;
                    break;
                case '_':
                    i++;
                    if (i < text.Length && text[i] == '_') i++;
                    break;
                case '-':
                    while (i < text.Length && text[i] == '-') i++;
                    break;
                default:
                    return false;
            }
        }
    }

    /// <summary>The name as text.</summary>
    public override string ToString() => _value ?? "";
}
