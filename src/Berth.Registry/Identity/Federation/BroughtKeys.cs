using System.Text.Json;
using Berth.Oci;

namespace Berth.Registry.Identity.Federation;

/// <summary>
/// A key set that an operator brings for an issuer (a JWK set, RFC 7517). Nothing in it is passed over: a key that verifies nothing here, has a private part,
/// or shares its name with another refuses the whole set.
/// </summary>
internal static class BroughtKeys
{
    /// <summary>The most bytes of a set.</summary>
    public const int MostBytes = 64 * 1024;

    private const int MostKeys = 20;
    private const int MaxText = 256;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly string[] Private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    private static readonly string[] Kept = ["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"];

    /// <summary>The set with what counts of each key, as it is stored.</summary>
    /// <exception cref="FormatException">It is not good; the message says why, as a sentence.</exception>
    public static string Normalize(ReadOnlyMemory<byte> body)
    {
        using var set = Parse(body);
        var keys = ListOf(set.RootElement);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < keys.Length; i++) Check(keys[i], $"Key {i + 1}", keys.Length > 1, names);
        return Write(keys);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonReading.ParseReadable(body, Strict) ?? throw new FormatException("The key set has text that cannot be read.");
        }
        catch (JsonException)
        {
            throw new FormatException("The key set is not JSON, or has a name twice.");
        }
    }

    private static JsonElement[] ListOf(JsonElement set)
    {
        if (set.ValueKind != JsonValueKind.Object || !set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new FormatException("The key set must be an object with a list 'keys' (a JWK set, RFC 7517).");
        return keys.GetArrayLength() is > 0 and <= MostKeys ? [.. keys.EnumerateArray()] : throw new FormatException($"The key set must have 1 to {MostKeys} keys.");
    }

    private static void Check(JsonElement key, string which, bool needsName, HashSet<string> names)
    {
        if (key.ValueKind != JsonValueKind.Object) throw new FormatException($"{which} is no object.");
        if (Array.Find(Private, name => key.TryGetProperty(name, out _)) is { } secret)
            throw new FormatException($"{which} has '{secret}', a part of a private key. Bring public keys alone, and replace this one: it has been sent.");

        var read = IssuerKey.TryRead(key);
        if (read is null || !IsBound(key, read))
            throw new FormatException($"{which} verifies nothing here: bring RSA keys of 2048 to 8192 bits and EC keys on P-256, P-384 or P-521, for signatures.");
        if (Array.Find(Kept, name => key.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)) is { } odd)
            throw new FormatException($"{which} has a '{odd}' that is no text.");
        if (read.Id is null && needsName) throw new FormatException($"{which} has no 'kid', which each of several keys needs.");
        if (read.Id is { Length: 0 or > MaxText }) throw new FormatException($"{which} has a 'kid' that is empty or longer than {MaxText} characters.");
        if (read.Id is not null && !names.Add(read.Id)) throw new FormatException($"{which} has the 'kid' of another one.");
    }

    // A key that says what it signs with must be able to.
    private static bool IsBound(JsonElement key, IssuerKey read) =>
        !key.TryGetProperty("alg", out var alg) || (AssertionAlgorithm.Find(alg.GetString()) is { } algorithm && read.Fits(algorithm));

    private static string Write(JsonElement[] keys)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys"u8);
            foreach (var key in keys)
            {
                json.WriteStartObject();
                foreach (var name in Kept)
                {
                    if (key.TryGetProperty(name, out var value)) json.WriteString(name, value.GetString());
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length));
    }
}
