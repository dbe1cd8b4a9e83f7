using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Query;

/// <summary>What JMESPath says about JSON values: what says nothing, what is equal, and how new ones are made.</summary>
internal static class Values
{
    /// <summary>Nothing.</summary>
    public static JsonElement Null { get; } = Parse("null");

    /// <summary>A truth value.</summary>
    public static JsonElement Of(bool value) => Parse(value ? "true" : "false");

    /// <summary>A number; a whole one has no fraction.</summary>
    public static JsonElement Of(double value) => double.IsFinite(value) ? Parse(value.ToString("R", CultureInfo.InvariantCulture)) : Null;

    /// <summary>A text.</summary>
    public static JsonElement Of(string value) => Json.Make(json => json.WriteString("v"u8, value)).GetProperty("v");

    /// <summary>A list.</summary>
    public static JsonElement Of(IEnumerable<JsonElement> items) => Json.Array(items);

    /// <summary>Whether it says something: it is not null, false, an empty text, list or object.</summary>
    public static bool IsTrue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    /// <summary>JMESPath's name of the type.</summary>
    public static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => "number",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "null",
    };

    /// <summary>Whether two values are the same; the order of an object's properties says nothing.</summary>
    public static bool AreEqual(JsonElement one, JsonElement other) => JsonElement.DeepEquals(one, other);

    /// <summary>The order of two texts, by code points, or of two numbers.</summary>
    public static int Compare(JsonElement one, JsonElement other) => one.ValueKind == JsonValueKind.Number
        ? one.GetDouble().CompareTo(other.GetDouble())
        : CompareTexts(one.GetString()!, other.GetString()!);

    private static int CompareTexts(string one, string other)
    {
        using var left = one.EnumerateRunes();
        using var right = other.EnumerateRunes();
        while (left.MoveNext())
        {
            if (!right.MoveNext()) return 1;
            if (left.Current.CompareTo(right.Current) is not 0 and var order) return order;
        }

        return right.MoveNext() ? -1 : 0;
    }

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
