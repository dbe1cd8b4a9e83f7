using System.Text.Json;

namespace Berth.Oci;

/// <summary>Reads JSON that came from outside.</summary>
public static class JsonReading
{
    /// <summary>The document; null when it has a name or a text that cannot be read: JSON can write half of a surrogate pair, which is no text.</summary>
    /// <exception cref="JsonException">It is no JSON, or none that the options allow.</exception>
    public static JsonDocument? ParseReadable(ReadOnlyMemory<byte> utf8, JsonDocumentOptions options)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8, options);
        }
        catch (InvalidOperationException)
        {
            // Names are read to find those that are there twice.
            return null;
        }

        if (IsReadable(document.RootElement)) return document;
        document.Dispose();
        return null;
    }

    /// <summary>Whether every name and text in it can be read.</summary>
    public static bool IsReadable(JsonElement value)
    {
        try
        {
            Read(value);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void Read(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            _ = value.GetString();
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray()) Read(item);
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
            {
                _ = property.Name;
                Read(property.Value);
            }
        }
    }
}
