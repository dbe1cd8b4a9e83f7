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
        var names = items.SelectMany(item => item.ValueKind == JsonValueKind.Object ? item.EnumerateObject().Select(p => p.Name) : ["result"]).Distinct().ToList();
        return LinesOf(items, names);
    }

    /// <summary>A heading with the names, and a line for each object; each with its end.</summary>
    public static IEnumerable<string> LinesOf(IEnumerable<JsonElement> items, IReadOnlyList<string> names)
    {
        yield return Line(names);
        foreach (var item in items) yield return Line(names.Select(name => TextOf(item, name)));
    }

    /// <summary>A text as a cell. One that a spreadsheet would read as a formula gets an apostrophe, which makes it a text there.</summary>
    public static string Cell(string text)
    {
        var safe = text is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..] ? $"'{text}" : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 && safe.AsSpan().Trim().Length == safe.Length ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Line(IEnumerable<string> cells) => string.Join(',', cells.Select(Cell)) + LineEnd;

    private static string TextOf(JsonElement item, string name) =>
        item.ValueKind != JsonValueKind.Object ? FlatRows.TextOf(item) : item.TryGetProperty(name, out var value) ? FlatRows.TextOf(value) : "";
}
