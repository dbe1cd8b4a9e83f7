using System.Text.RegularExpressions;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>What a condition of a plan equates a column with.</summary>
/// <param name="Alias">The column's table, as the plan calls it; empty where only one is spoken of.</param>
/// <param name="Column">The column.</param>
/// <param name="Others">The tables that the other side speaks of.</param>
internal sealed partial record Equality(string Alias, string Column, HashSet<string> Others)
{
    /// <summary>All that must hold for a condition to hold.</summary>
    public static IEnumerable<Equality> Of(string? condition)
    {
        var parts = Split(condition ?? "", " AND ");
        if (parts.Count > 1) return parts.SelectMany(Of);
        var sides = Split(parts[0], " = ");

        // Whatever a subquery within a condition yields may follow from the row itself, and a list is no one value.
        if (sides.Count != 2 || Unlike().IsMatch(parts[0])) return [];
        return [.. One(sides[0], sides[1]), .. One(sides[1], sides[0])];
    }

    private static IEnumerable<Equality> One(string side, string other) =>
        Named().Match(side) is { Success: true } column
            ? [new Equality(column.Groups[1].Value, column.Groups[2].Value, [.. Aliases().Matches(other).Select(match => match.Groups[1].Value)])]
            : [];

    /// <summary>The parts of a text between separators that are neither in parentheses nor in quotes, without parentheses around them.</summary>
    private static List<string> Split(string text, string separator)
    {
        text = Bare(text);
        var parts = new List<string>();
        var (start, depth, quote) = (0, 0, '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote != '\0') quote = c == quote ? '\0' : quote;
            else if (c is '\'' or '"') quote = c;
            else if (c is '(') depth++;
            else if (c is ')') depth--;
            else if (depth == 0 && string.CompareOrdinal(text, i, separator, 0, separator.Length) == 0)
            {
                parts.Add(Bare(text[start..i]));
                start = i + separator.Length;
            }
        }

        parts.Add(Bare(text[start..]));
        return parts;
    }

    private static string Bare(string text)
    {
        while (Enclosed().Match(text) is { Success: true } enclosed) text = enclosed.Groups[1].Value;
        return text;
    }

    [GeneratedRegex("""^\(((?:[^()'"]|'[^']*'|"[^"]*"|(?<open>\()|(?<-open>\)))*)(?(open)(?!))\)$""")]
    private static partial Regex Enclosed();

    [GeneratedRegex("""^(?:(\w+)\.)?"?([a-z_]\w*)"?$""")]
    private static partial Regex Named();

    [GeneratedRegex("""\b(\w+)\."?\w""")]
    private static partial Regex Aliases();

    [GeneratedRegex(@"SubPlan|\bANY \(|\bALL \(")]
    private static partial Regex Unlike();
}
