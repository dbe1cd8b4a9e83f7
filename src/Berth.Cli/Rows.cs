using System.Globalization;
using System.Text.Json;

namespace Berth.Cli;

/// <summary>Objects as lines: their texts, numbers and truth values, without what lies deeper.</summary>
internal static class Rows
{
    private const string Column = "column";
    private const string Single = "result";

    /// <summary>A heading, a rule, and a line for each object; nothing for an empty list.</summary>
    public static IEnumerable<string> TableOf(JsonElement value)
    {
        var items = ItemsOf(value);
        var columns = items.SelectMany(NamesOf).Distinct().Where(name => !IsLeftOut(items, name)).ToList();
        if (columns.Count == 0) yield break;

        var cells = items.Select(item => columns.Select(name => CellOf(item, name)).ToList()).ToList();
        var widths = columns.Select((name, i) => cells.Select(row => row[i].Length).Append(name.Length).Max()).ToList();
        yield return Line(columns.Select(Capital).ToList(), widths);
        yield return Line(widths.Select(width => new string('-', width)).ToList(), widths);
        foreach (var row in cells) yield return Line(row, widths);
    }

    /// <summary>
    /// A line for each object, its values apart by tabs and as scripts know them from az: of a list how many it holds, nothing for an object, <c>None</c> for what is null or
    /// absent, so that each object of a list has the same columns. A truth value by itself is what a script tests, and written as JSON has it.
    /// </summary>
    public static IEnumerable<string> TabbedOf(JsonElement value)
    {
        var items = ItemsOf(value);
        var columns = items.TrueForAll(item => item.ValueKind == JsonValueKind.Object) ? items.SelectMany(EveryNameOf).Distinct().ToList() : null;
        return items.Select(item => item.ValueKind switch
        {
            JsonValueKind.Object => string.Join('\t', (columns ?? EveryNameOf(item)).Select(name => TabbedCell(ValueOf(item, name)))),
            JsonValueKind.Array => string.Join('\t', item.EnumerateArray().Select(TabbedCell)),
            JsonValueKind.True or JsonValueKind.False => item.GetRawText(),
            _ => TabbedCell(item),
        });
    }

    /// <summary>The columns of an entry. A query may make lists of values; az names their columns like this, too.</summary>
    public static IEnumerable<string> EveryNameOf(JsonElement item) => item.ValueKind switch
    {
        JsonValueKind.Array => Enumerable.Range(1, item.GetArrayLength()).Select(number => $"{Column}{number}"),
        JsonValueKind.Object => item.EnumerateObject().Select(p => p.Name),
        _ => [Single],
    };

    /// <summary>What an entry has in the column.</summary>
    public static JsonElement ValueOf(JsonElement item, string name) => item.ValueKind switch
    {
        JsonValueKind.Object => item.TryGetProperty(name, out var property) ? property : default,
        JsonValueKind.Array => NumberOf(name) is var number && number > 0 && number <= item.GetArrayLength() ? item[number - 1] : default,
        _ => name == Single ? item : default,
    };

    // A resource's id, its type and who made it would fill the line; the other forms have them.
    private static bool IsLeftOut(List<JsonElement> items, string name) => name switch
    {
        "id" or "roleDefinitionId" => items.TrueForAll(item => CellOf(item, name) is "" or ['/', ..]),
        "type" => items.TrueForAll(item => CellOf(item, name).StartsWith("Microsoft.", StringComparison.Ordinal)),
        "createdOn" or "createdBy" or "updatedOn" or "updatedBy" => true,
        _ => false,
    };

    private static List<JsonElement> ItemsOf(JsonElement value) => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];

    private static IEnumerable<string> NamesOf(JsonElement item) => item.ValueKind != JsonValueKind.Object
        ? EveryNameOf(item)
        : item.EnumerateObject().Where(p => p.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)).Select(p => p.Name);

    private static string CellOf(JsonElement item, string name) => TextOf(ValueOf(item, name));

    private static string TabbedCell(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength().ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Null or JsonValueKind.Undefined => "None",
        _ => TextOf(value),
    };

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new string([.. value.GetString()!.Select(c => char.IsControl(c) ? ' ' : c)]),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        JsonValueKind.Number => value.GetRawText(),
        _ => "",
    };

    // Lists may stand beside objects, whose names are any.
    private static int NumberOf(string name) =>
        name.StartsWith(Column, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Column.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Line(List<string> cells, List<int> widths) => string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();

    private static string Capital(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..];
}
