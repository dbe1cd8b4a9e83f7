using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Berth.Registry.Identity.Federation;

/// <summary>
/// A signed JWT (RFC 7519) as it stands, before anything in it is believed. Of the header only <c>alg</c> and <c>kid</c> are read: keys and addresses of
/// keys in it are the sender's own word.
/// </summary>
internal sealed class Assertion
{
    /// <summary>The longest one that is read, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    // Year 9999: beyond it there is no DateTimeOffset.
    private const double LatestSecond = 253402300799;

    private Assertion(byte[] signed, byte[] signature, JsonElement header, JsonElement claims)
    {
        Signed = signed;
        Claims = claims.Clone();
        Signature = signature;
        Algorithm = Text(header, "alg");
        KeyId = Text(header, "kid");
        Issuer = Text(claims, "iss");
        Subject = Text(claims, "sub");
        Audiences = AudiencesOf(claims);
        ExpiresAt = Time(claims, "exp");
        NotBefore = Time(claims, "nbf");
        IssuedAt = Time(claims, "iat");
    }

    /// <summary>What the signature is over.</summary>
    public byte[] Signed { get; }

    /// <summary>All claims.</summary>
    public JsonElement Claims { get; }

    /// <summary>The signature.</summary>
    public byte[] Signature { get; }

    /// <summary>The header's <c>alg</c>.</summary>
    public string? Algorithm { get; }

    /// <summary>The header's <c>kid</c>; null for none.</summary>
    public string? KeyId { get; }

    /// <summary>The claim <c>iss</c>.</summary>
    public string? Issuer { get; }

    /// <summary>The claim <c>sub</c>.</summary>
    public string? Subject { get; }

    /// <summary>The claim <c>aud</c>, a string or an array of them.</summary>
    public IReadOnlyList<string> Audiences { get; }

    /// <summary>The claim <c>exp</c>; null for none.</summary>
    public DateTimeOffset? ExpiresAt { get; }

    /// <summary>The claim <c>nbf</c>; null for none.</summary>
    public DateTimeOffset? NotBefore { get; }

    /// <summary>The claim <c>iat</c>; null for none.</summary>
    public DateTimeOffset? IssuedAt { get; }

    /// <summary>Whether bytes may be a JWT at all: no other credential looks like this.</summary>
    public static bool IsLikely(ReadOnlySpan<byte> text) => text.Length <= MaxLength && text.StartsWith("ey"u8) && text.Count((byte)'.') == 2;

    /// <summary>Reads a JWT in its compact form; null when it is none, or one with claims of another type than theirs.</summary>
    public static Assertion? TryParse(string text) => TryParse(text, MaxLength);

    /// <summary>Reads one of at most so many characters.</summary>
    public static Assertion? TryParse(string text, int maxLength)
    {
        if (text.Length > maxLength) return null;
        var parts = text.Split('.');
        if (parts.Length != 3 || parts.Any(part => part.AsSpan().ContainsAnyExcept(Alphabet))) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]), Strict);
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]), Strict);

            // Extensions that must be understood (RFC 7515, 4.1.11): none is.
            if (header.RootElement.TryGetProperty("crit", out _)) return null;
            var signed = Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]);
            return new Assertion(signed, Base64Url.DecodeFromChars(parts[2]), header.RootElement, claims.RootElement);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static List<string> AudiencesOf(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var value)) return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(one => one.GetString() ?? "")] : [value.GetString() ?? ""];
    }

    private static DateTimeOffset? Time(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value)) return null;
        var seconds = value.GetDouble();
        return seconds is >= 0 and <= LatestSecond
            ? DateTimeOffset.UnixEpoch.AddSeconds(Math.Floor(seconds))
            : throw new FormatException($"{name} is no time.");
    }
}
