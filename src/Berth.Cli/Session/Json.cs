using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>Small steps with JSON values.</summary>
internal static class Json
{
    // As deep as is written; a query may put an answer into many lists.
    private const int MaxDepth = 1_000;

    /// <summary>The object whose properties the delegate writes.</summary>
    public static JsonElement Make(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { MaxDepth = MaxDepth });
        return document.RootElement.Clone();
    }

    /// <summary>An array of values.</summary>
    public static JsonElement Array(IEnumerable<JsonElement> items) => Make(json =>
    {
        json.WriteStartArray("value"u8);
        foreach (var item in items) item.WriteTo(json);
        json.WriteEndArray();
    }).GetProperty("value");

    /// <summary>An array of texts.</summary>
    public static JsonElement Texts(IEnumerable<string> texts) => Make(json =>
    {
        json.WriteStartArray("value"u8);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }).GetProperty("value");

    /// <summary>A truth value.</summary>
    public static JsonElement Of(bool value) => Make(json => json.WriteBoolean("value"u8, value)).GetProperty("value");

    /// <summary>A property of a property and so on; undefined when one of them is absent.</summary>
    public static JsonElement At(this JsonElement value, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out var inner)) return default;
            value = inner;
        }

        return value;
    }

    /// <summary>The entries of a list; none when it is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    /// <summary>Whether a property is the truth value true.</summary>
    public static bool Flag(this JsonElement value, string name) => value.At(name).ValueKind == JsonValueKind.True;

    /// <summary>A property's text, or null when it is absent or no text.</summary>
    public static string? Text(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var property) && property.ValueKind == JsonValueKind.String
            ? property.GetString()
            : null;

    /// <summary>A property's text.</summary>
    /// <exception cref="ClientException">It is absent.</exception>
    public static string Required(this JsonElement value, string name) =>
        value.Text(name) ?? throw new ClientException($"the answer has no '{name}'; is the server another version than this client?");

    /// <summary>The value without the properties that say nothing to people, and with those in <c>properties</c> beside the others, as az prints it.</summary>
    public static JsonElement Flat(this JsonElement value) => value.ValueKind != JsonValueKind.Object ? value : Make(json =>
    {
        foreach (var property in value.EnumerateObject())
        {
            if (property.Name.StartsWith("@odata.", StringComparison.Ordinal)) continue;
            if (property is not { Name: "properties", Value.ValueKind: JsonValueKind.Object }) property.WriteTo(json);
        }

        if (!value.TryGetProperty("properties", out var inner) || inner.ValueKind != JsonValueKind.Object) return;
        foreach (var property in inner.EnumerateObject())
        {
            if (!value.TryGetProperty(property.Name, out _)) property.WriteTo(json);
        }
    });

    /// <summary>Writes a text where there is one.</summary>
    public static void TextIfAny(this Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }
}
