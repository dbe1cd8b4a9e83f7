using System.Text.RegularExpressions;

namespace Berth.Registry.Identity.Directory;

/// <summary>One comparison, which is what <c>$filter</c> may be here.</summary>
/// <param name="Property">The property, as Graph writes it.</param>
/// <param name="IsPrefix">Whether the property need only begin with the value.</param>
/// <param name="Value">The value.</param>
internal sealed partial record GraphFilter(string Property, bool IsPrefix, string Value)
{
    private const int MaxLength = 2_000;

    /// <summary>The request's filter, or null when it has none.</summary>
    /// <param name="call">The request.</param>
    /// <param name="properties">The properties that can be compared.</param>
    /// <exception cref="GraphException">It is not one comparison with one of the properties.</exception>
    public static GraphFilter? Of(GraphCall call, params IReadOnlyList<string> properties)
    {
        return TextOf(call) is { Length: > 0 } text ? Parse(text, properties) : null;
    }

    /// <summary>The request's filters, joined by <c>and</c>; none when it has none.</summary>
    /// <param name="call">The request.</param>
    /// <param name="properties">The properties that can be compared.</param>
    /// <exception cref="GraphException">One of them is not a comparison with one of the properties.</exception>
    public static IReadOnlyList<GraphFilter> AllOf(GraphCall call, params IReadOnlyList<string> properties) =>
        TextOf(call) is { Length: > 0 and <= MaxLength } text ? [.. Parts(text).Select(part => Parse(part, properties))]
        : Of(call, properties) is { } whole ? [whole]
        : [];

    private static string TextOf(GraphCall call) => call.Context.Request.Query["$filter"].ToString().Trim();

    /// <summary>What stands between the words <c>and</c> that are in no quoted value; a quote in a value is doubled.</summary>
    private static IEnumerable<string> Parts(string text)
    {
        const string and = " and ";
        var (start, quoted) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\'') quoted = !quoted;
            if (quoted || !text.AsSpan(i).StartsWith(and, StringComparison.OrdinalIgnoreCase)) continue;
            yield return text[start..i].Trim();
            start = i + and.Length;
        }

        yield return text[start..].Trim();
    }

    private static GraphFilter Parse(string text, IReadOnlyList<string> properties)
    {
        var match = text.Length > MaxLength ? Match.Empty : Comparison().Match(text);
        var named = match.Groups["property"].Value;
        if (properties.FirstOrDefault(p => p.Equals(named, StringComparison.OrdinalIgnoreCase)) is not { } property)
        {
            var known = string.Join(", ", properties.Select(p => p == "servicePrincipalNames" ? $"{p}/any(c:c eq 'X')" : $"{p} eq 'X'"));
            throw new GraphException(400, "Request_UnsupportedQuery", $"This $filter is not known here; known are {known}, and startswith(displayName,'X').");
        }

        return new GraphFilter(property, match.Groups["starts"].Success, match.Groups["value"].Value.Replace("''", "'", StringComparison.Ordinal));
    }

    /// <summary>Whether a text is what the filter asks for; case does not matter, as with Graph.</summary>
    public bool Meets(string? text) => text is not null && (IsPrefix
        ? text.StartsWith(Value, StringComparison.OrdinalIgnoreCase)
        : text.Equals(Value, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(
        @"^(?:(?<property>\w+)\s+eq\s+'(?<value>(?:[^']|'')*)'|(?<starts>startswith)\(\s*(?<property>\w+)\s*,\s*'(?<value>(?:[^']|'')*)'\s*\)|(?<property>servicePrincipalNames)/any\(\s*\w+\s*:\s*\w+\s+eq\s+'(?<value>(?:[^']|'')*)'\s*\))$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Comparison();
}
