using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli;

/// <summary>Values as one text each, for forms that have no lists.</summary>
internal static class FlatRows
{
    /// <summary>The value as text: a list's entries with semicolons between them, nothing for null, JSON for an object.</summary>
    public static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join("; ", value.EnumerateArray().Select(TextOf)),
        _ => value.GetRawText(),
    };

    /// <summary>The same objects with each list that a property holds as text; what is no object stays.</summary>
    public static JsonElement Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => Json.Array(value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Object ? Of(item) : item)),
        JsonValueKind.Object => Json.Make(json =>
        {
            foreach (var property in value.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Array) json.WriteString(property.Name, TextOf(property.Value));
                else property.WriteTo(json);
            }
        }),
        _ => value,
    };

    /// <summary>The objects with these names alone, in this order, each value as text.</summary>
    public static JsonElement Of(IEnumerable<JsonElement> items, IReadOnlyList<string> names)
    {
        return Json.Array(items.Select(item => Json.Make(json =>
        {
            foreach (var name in names) json.WriteString(name, item.TryGetProperty(name, out var value) ? TextOf(value) : "");
        })));
    }
}
