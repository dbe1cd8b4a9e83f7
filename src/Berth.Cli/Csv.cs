using System.Text;
using System.Text.Json;

namespace Berth.Cli;

/// <summary>Objects as comma-separated values (RFC 4180), which spreadsheets open without running anything that a value holds.</summary>
internal static class Csv
{
    private const string LineEnd = "\r\n";

    /// <summary>A heading with every name that an object has, and a line for each object; each with its end.</summary>
    public static IEnumerable<string> LinesOf(JsonElement value)
    {
        List<JsonElement> items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        var names = items.SelectMany(Rows.EveryNameOf).Distinct().ToList();
        return LinesOf(items, names);
    }

    /// <summary>A heading with the names, and a line for each object; each with its end.</summary>
    public static IEnumerable<string> LinesOf(IEnumerable<JsonElement> items, IReadOnlyList<string> names)
    {
        yield return Line(names);
        foreach (var item in items) yield return Line(names.Select(name => TextOf(item, name)));
    }

    /// <summary>
    /// A text as a cell. What a spreadsheet would read as a formula gets an apostrophe, which makes it a text there: at the start, and where one begins a new
    /// cell whose separator is the semicolon and which so reads past the quotes.
    /// </summary>
    public static string Cell(string text)
    {
        var safe = Guarded(text);
        return safe.AsSpan().IndexOfAny("\",;\r\n") < 0 && safe.AsSpan().Trim().Length == safe.Length ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Guarded(string text)
    {
        var safe = new StringBuilder(text.Length + 8);
        for (var i = 0; i < text.Length; i++)
        {
            var isFormula = i == 0 ? IsFormula(text) || text[0] is '\r' or '\n' : text[i - 1] is ';' or '\r' or '\n' && IsFormula(text.AsSpan(i).TrimStart(' '));
            if (isFormula) safe.Append('\'');
            safe.Append(text[i]);
        }

        return safe.ToString();
    }

    private static bool IsFormula(ReadOnlySpan<char> text) => text is ['=' or '+' or '-' or '@' or '\t' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..];

    private static string Line(IEnumerable<string> cells) => string.Join(',', cells.Select(Cell)) + LineEnd;

    private static string TextOf(JsonElement item, string name) =>
        FlatRows.TextOf(Rows.ValueOf(item, name));
}
