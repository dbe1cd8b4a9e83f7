using System.Text;
using System.Text.Json;

namespace Berth.Registry.Management;

/// <summary>A JSON object that a client sent, read strictly: what is not known, or of another type, is refused and named. A null is as if it was absent.</summary>
/// <param name="element">The object.</param>
/// <param name="path">Where it stands in the body, with a dot at its end; empty for the body itself.</param>
internal readonly struct ResourceBody(JsonElement element, string path)
{
    private const int MaxTextLength = 8_192;

    /// <summary>A body without anything.</summary>
    public static ResourceBody Empty => default;

    /// <summary>Whether nothing is there.</summary>
    public bool IsEmpty => element.ValueKind == JsonValueKind.Undefined;

    /// <summary>Refuses every property but these.</summary>
    public ResourceBody Only(params ReadOnlySpan<string> known)
    {
        if (IsEmpty) return this;
        foreach (var property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name))
                throw ManagementException.BadContent($"The property '{path}{ManagementException.Shorten(property.Name)}' is not known here; leave it out.");
        }

        return this;
    }

    /// <summary>The properties that have a value.</summary>
    public IEnumerable<JsonProperty> Properties => IsEmpty ? [] : element.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null);

    /// <summary>The names of the properties that are null.</summary>
    public IEnumerable<string> Nulls => IsEmpty ? [] : element.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Null).Select(property => property.Name);

    /// <summary>A text, or null.</summary>
    public string? Text(string name)
    {
        if (Find(name, "a text", JsonValueKind.String) is not { } value) return null;
        var text = value.GetString()!;
        return text.Length <= MaxTextLength ? text : throw ManagementException.BadContent($"'{path}{name}' is longer than {MaxTextLength} characters.");
    }

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string name) => Text(name) is { Length: > 0 } text ? text : throw ManagementException.BadContent($"The body needs '{path}{name}', a text.");

    /// <summary>True, false, or null.</summary>
    public bool? Flag(string name) => Find(name, "true or false", JsonValueKind.True, JsonValueKind.False)?.GetBoolean();

    /// <summary>A whole number, or null.</summary>
    public int? Number(string name)
    {
        if (Find(name, "a whole number", JsonValueKind.Number) is not { } value) return null;
        return value.TryGetInt32(out var number) ? number : throw ManagementException.BadContent($"'{path}{name}' must be a whole number.");
    }

    /// <summary>An object, empty when it is absent.</summary>
    public ResourceBody Object(string name) => Find(name, "an object", JsonValueKind.Object) is { } value ? new ResourceBody(value, $"{path}{name}.") : Empty;

    /// <summary>Objects in a list, or null.</summary>
    public IReadOnlyList<ResourceBody>? Objects(string name)
    {
        var (at, items) = ($"{path}{name}", Find(name, "a list", JsonValueKind.Array));
        return items is { } list
            ? [.. list.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.Object
                ? new ResourceBody(item, $"{at}[{i}].")
                : throw ManagementException.BadContent($"'{at}[{i}]' must be an object."))]
            : null;
    }

    /// <summary>Texts in a list, or null.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        var (at, items) = ($"{path}{name}", Find(name, "a list", JsonValueKind.Array));
        return items is { } list
            ? [.. list.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.String
                ? item.GetString()!
                : throw ManagementException.BadContent($"'{at}[{i}]' must be a text."))]
            : null;
    }

    /// <summary>Tags as a JSON object of texts, or null.</summary>
    public string? Tags()
    {
        if (Find("tags", "an object", JsonValueKind.Object) is not { } tags) return null;
        var count = 0;
        foreach (var tag in tags.EnumerateObject())
        {
            if (++count > 50) throw ManagementException.BadContent("There may be 50 tags at most.");
            if (tag.Value.ValueKind != JsonValueKind.String || tag.Name.Length is 0 or > 512 || tag.Value.GetString()!.Length > 256)
                throw ManagementException.BadContent($"The tag '{ManagementException.Shorten(tag.Name)}' must be a text of at most 256 characters under a name of at most 512.");
        }

        // Not as it was written: spaces would be kept.
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text)) tags.WriteTo(json);
        return Encoding.UTF8.GetString(text.GetBuffer().AsSpan(0, (int)text.Length));
    }

    private JsonElement? Find(string name, string what, params ReadOnlySpan<JsonValueKind> kinds)
    {
        if (IsEmpty || !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return kinds.Contains(value.ValueKind) ? value : throw ManagementException.BadContent($"'{path}{name}' must be {what}.");
    }
}
