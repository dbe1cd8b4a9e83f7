using System.Text.Json;

namespace Berth.Registry.Artifacts;

/// <summary>Reads the two properties of an image's config that lists show (OCI image spec, config.md, "Properties").</summary>
internal static class ImageConfig
{
    private const int LongestName = 128;

    /// <summary>The architecture and the operating system; null for what is missing, longer than any name of one, or part of a text that is no JSON.</summary>
    public static (string? Architecture, string? Os) Read(ReadOnlySpan<byte> config)
    {
        try
        {
            var json = new Utf8JsonReader(config);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return (null, null);

            string? architecture = null, os = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("architecture"u8)) architecture = ReadName(ref json);
                else if (json.ValueTextEquals("os"u8)) os = ReadName(ref json);
                else json.Skip();
            }

            // All of it is read: the end of a text that is none says nothing either.
            while (json.Read())
            {
            }

            return (architecture, os);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, null);
        }
    }

    private static string? ReadName(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) json.Skip();
        return json.TokenType == JsonTokenType.String && json.GetString() is { Length: > 0 and <= LongestName } name ? name : null;
    }
}
