using System.Globalization;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Artifacts;

/// <summary>What the answers of <c>/acr/v1</c> have in common, written as Azure Container Registry has it.</summary>
internal static class ArtifactJson
{
    private const int TimeBytes = 33;

    /// <summary>The flags of what can be locked, each with the lock that is set while it is false.</summary>
    public static readonly IReadOnlyList<(string Name, Locks Lock)> Flags =
        [("deleteEnabled", Locks.Delete), ("writeEnabled", Locks.Write), ("readEnabled", Locks.Read), ("listEnabled", Locks.List)];

    // A page writes them for each of its entries.
    private static readonly (JsonEncodedText Name, Locks Lock)[] EncodedFlags = [.. Flags.Select(flag => (JsonEncodedText.Encode(flag.Name), flag.Lock))];

    /// <summary>Writes <c>changeableAttributes</c>: what may be done.</summary>
    public static void WriteAttributes(Utf8JsonWriter json, Locks locks, Quarantine? quarantine = null)
    {
        json.WriteStartObject("changeableAttributes"u8);
        foreach (var (name, flag) in EncodedFlags) json.WriteBoolean(name, !locks.HasFlag(flag));
        if (quarantine is not null)
        {
            json.WriteString("quarantineState"u8, quarantine.State.ToString());
            if ((quarantine.Details ?? quarantine.Reason) is { } details) json.WriteString("quarantineDetails"u8, details);
        }

        json.WriteEndObject();
    }

    /// <summary>Writes when a thing came and when it was last updated, with seven digits of a second's fraction.</summary>
    public static void WriteTimes(Utf8JsonWriter json, DateTimeOffset createdAt, DateTimeOffset updatedAt)
    {
        Write(json, "createdTime"u8, createdAt);
        Write(json, "lastUpdateTime"u8, updatedAt);
    }

    /// <summary>
    /// Writes the entries of a page. Beyond the last one there is null, as Azure Container Registry has it: its own <c>acr</c> goes on after the last name until it gets that.
    /// </summary>
    /// <param name="json">Where to.</param>
    /// <param name="name">The list's name.</param>
    /// <param name="items">The entries.</param>
    /// <param name="isBeyond">Whether the page was to begin after some entry, and there is none after it.</param>
    /// <param name="write">Writes what an entry has.</param>
    public static void WriteItems<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, bool isBeyond, Action<T> write)
    {
        if (isBeyond && items.Count == 0)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A time as the API has it.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[TimeBytes];
        time.UtcDateTime.TryFormat(text, out var length, "O", CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
    }
}
