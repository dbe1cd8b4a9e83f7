using System.Text.RegularExpressions;

namespace Berth.Registry.Management;

/// <summary>A <c>$filter</c> of OData, as far as clients of the control plane write them: comparisons with a text and functions, joined by <c>and</c>.</summary>
internal sealed partial class ListFilter
{
    private const int MaxLength = 1_000;

    private readonly List<(string Name, string Operator, string Value)> _terms = [];

    private ListFilter()
    {
    }

    /// <summary>The names of properties and functions, in the order they were written.</summary>
    public IEnumerable<string> Names => _terms.Select(term => term.Name);

    /// <summary>Reads a filter; an empty one when there is none.</summary>
    public static ListFilter Parse(string? text)
    {
        var filter = new ListFilter();
        var rest = (text ?? "").AsSpan().Trim().ToString();
        if (rest.Length > MaxLength) throw Unreadable(rest);
        while (rest.Length > 0)
        {
            var term = Term().Match(rest);
            if (!term.Success) throw Unreadable(rest);
            filter._terms.Add((term.Groups["name"].Value, term.Groups["op"].Value.ToLowerInvariant(), term.Groups["value"].Value.Replace("''", "'", StringComparison.Ordinal)));
            rest = rest[term.Length..];
        }

        return filter;
    }

    /// <summary>What a property is to be equal to, or a function was given; null when the filter has neither.</summary>
    public string? ValueOf(string name) => ValueOf(name, "eq") ?? ValueOf(name, "");

    /// <summary>What a property is compared with by an operator, or null.</summary>
    public string? ValueOf(string name, string comparison)
    {
        foreach (var term in _terms)
        {
            if (term.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && term.Operator == comparison) return term.Value;
        }

        return null;
    }

    /// <summary>Refuses a filter by anything but these.</summary>
    public ListFilter Only(params ReadOnlySpan<string> known)
    {
        foreach (var name in Names)
        {
            if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw ManagementException.Bad("InvalidFilterInQueryString", $"This list is not filtered by '{ManagementException.Shorten(name)}'; it is by {string.Join(", ", known.ToArray())}.");
        }

        return this;
    }

    private static ManagementException Unreadable(string text) => ManagementException.Bad(
        "InvalidFilterInQueryString", $"The $filter cannot be read at '{ManagementException.Shorten(text)}'; write terms such as name eq 'text', joined by and.");

    [GeneratedRegex(
        @"^(?:(?<name>[A-Za-z]{1,40})\s+(?<op>eq|ge|le|gt|lt)\s+'(?<value>(?:[^']|'')*)'|(?<name>[A-Za-z]{1,40})\((?:'(?<value>(?:[^']|'')*)')?\))\s*(?:$|and\s+(?=\S))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Term();
}
