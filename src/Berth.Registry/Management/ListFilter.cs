using System.Text.Json;
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

    /// <summary>Whether a resource's tags, a JSON object, hold what <c>tagName</c> and <c>tagValue</c> ask for; any do where the filter has neither.</summary>
    public bool FitsTags(string tags)
    {
        var (name, value) = (ValueOf("tagName"), ValueOf("tagValue"));
        if (name is null && value is null) return true;
        using var parsed = JsonDocument.Parse(tags);
        return parsed.RootElement.EnumerateObject().Any(
            tag => (name is null || name.Equals(tag.Name, StringComparison.OrdinalIgnoreCase)) && (value is null || value == tag.Value.GetString()));
    }

    /// <summary>Refuses a filter by anything but these; by anything at all where there are none.</summary>
    public ListFilter Only(params ReadOnlySpan<string> known)
    {
        foreach (var name in Names)
        {
            if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                var instead = known.IsEmpty ? "leave the $filter out" : $"it is by {string.Join(", ", known.ToArray())}";
                throw ManagementException.Bad("InvalidFilterInQueryString", $"This list is not filtered by '{ManagementException.Shorten(name)}'; {instead}.");
            }
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
