namespace Berth.Registry.Identity.Authorization;

/// <summary>How a condition compares a repository's name with a value.</summary>
/// <param name="IsPrefix">Whether the name need only start with the value.</param>
/// <param name="IgnoresCase">Whether upper and lower case are alike.</param>
/// <param name="IsNegated">Whether the comparison holds where the other one does not.</param>
internal sealed record NameComparison(bool IsPrefix, bool IgnoresCase, bool IsNegated)
{
    private static readonly Dictionary<string, NameComparison> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["StringEquals"] = new(false, false, false),
        ["StringNotEquals"] = new(false, false, true),
        ["StringStartsWith"] = new(true, false, false),
        ["StringNotStartsWith"] = new(true, false, true),
        ["StringEqualsIgnoreCase"] = new(false, true, false),
        ["StringNotEqualsIgnoreCase"] = new(false, true, true),
        ["StringStartsWithIgnoreCase"] = new(true, true, false),
        ["StringNotStartsWithIgnoreCase"] = new(true, true, true),
    };

    /// <summary>The operators' names.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The comparison of that name, or null.</summary>
    public static NameComparison? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The names for which the comparison with the value holds.</summary>
    public NameSet Compile(string value)
    {
        // Names have no upper case: what ignores it compares with the value in lower case.
        var text = IgnoresCase ? string.Create(value.Length, value, (span, source) => System.Text.Ascii.ToLower(source, span, out _)) : value;
        var set = IsPrefix ? NameSet.StartingWith(text) : NameSet.OfText(text);
        return IsNegated ? set.Complement() : set;
    }
}
