using System.CommandLine;
using System.Text.Json;

namespace Berth.Cli;

/// <summary>The flag that gives a resource its tags.</summary>
internal static class TagsOption
{
    /// <summary>The flag.</summary>
    public static Option<string[]> Create() => new("--tags") { Description = "Tags as name=value, between spaces; '' for none.", AllowMultipleArgumentsPerToken = true };

    /// <summary>Writes what is given as a resource's body has it.</summary>
    public static void Write(Utf8JsonWriter json, ParseResult parsed, Option<string[]> option)
    {
        if (parsed.GetResult(option) is null) return;
        json.WriteStartObject("tags"u8);
        foreach (var tag in parsed.GetValue(option)!.Where(tag => tag.Length > 0))
        {
            var equals = tag.IndexOf('=', StringComparison.Ordinal);
            json.WriteString(equals < 0 ? tag : tag[..equals], equals < 0 ? "" : tag[(equals + 1)..]);
        }

        json.WriteEndObject();
    }
}
