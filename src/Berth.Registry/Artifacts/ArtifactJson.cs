using System.Globalization;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Artifacts;

/// <summary>What the answers of <c>/acr/v1</c> have in common, written as Azure Container Registry has it.</summary>
internal static class ArtifactJson
{
    /// <summary>The flags of what can be locked, each with the lock that is set while it is false.</summary>
    public static readonly IReadOnlyList<(string Name, Locks Lock)> Flags =
        [("deleteEnabled", Locks.Delete), ("writeEnabled", Locks.Write), ("readEnabled", Locks.Read), ("listEnabled", Locks.List)];

    /// <summary>Writes <c>changeableAttributes</c>: what may be done.</summary>
    public static void WriteAttributes(Utf8JsonWriter json, Locks locks)
    {
        json.WriteStartObject("changeableAttributes"u8);
        foreach (var (name, flag) in Flags) json.WriteBoolean(name, !locks.HasFlag(flag));
        json.WriteEndObject();
    }

    /// <summary>Writes when a thing came and when it was last updated, with seven digits of a second's fraction.</summary>
    public static void WriteTimes(Utf8JsonWriter json, DateTimeOffset createdAt, DateTimeOffset updatedAt)
    {
        json.WriteString("createdTime"u8, Text(createdAt));
        json.WriteString("lastUpdateTime"u8, Text(updatedAt));
    }

    /// <summary>A time as the API has it.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
