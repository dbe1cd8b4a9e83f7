using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Berth.Metadata.Relational;

/// <summary>The small JSON texts that rows hold: lists of words, and what a ledger record says beside its columns.</summary>
internal static class JsonText
{
    /// <summary>A JSON object of texts; those that are null are left out.</summary>
    public static string Facts(params ReadOnlySpan<(string Name, string? Value)> facts)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in facts)
            {
                if (value is not null) writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A JSON array of texts.</summary>
    public static string Array(IEnumerable<string> words)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var word in words) writer.WriteStringValue(word);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The texts of a JSON array.</summary>
    public static IReadOnlyList<string> Words(string array)
    {
        using var document = JsonDocument.Parse(array);
        return [.. document.RootElement.EnumerateArray().Select(word => word.GetString()!)];
    }
}
