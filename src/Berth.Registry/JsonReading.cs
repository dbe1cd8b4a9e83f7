using System.Text.Json;

namespace Berth.Registry;

/// <summary>Looks at JSON that a client sent.</summary>
internal static class JsonReading
{
    /// <summary>Whether every name and text in it can be read: half of a surrogate pair, which JSON can write, cannot.</summary>
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
