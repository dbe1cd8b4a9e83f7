using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli.Kubelet;

/// <summary>A service account's token, as far as its bearer may look into it; the registry verifies it.</summary>
/// <param name="Text">The token.</param>
/// <param name="Until">When it ends.</param>
internal sealed record ServiceAccountToken(string Text, DateTimeOffset Until)
{
    /// <summary>Reads a token.</summary>
    /// <exception cref="ClientException">It is none, has ended, or is one for the cluster itself.</exception>
    public static ServiceAccountToken Parse(string text, string? audience, DateTimeOffset now)
    {
        var claims = ClaimsOf(text);
        var audiences = AudiencesOf(claims);

        // Whoever has a token that the cluster's API server takes is that service account in the cluster; a registry must not get it.
        if (audiences.Count == 0 || audiences.Exists(one => one == claims.Text("iss") || one.StartsWith("https://kubernetes.default.svc", StringComparison.Ordinal)))
            throw new ClientException("the service account's token is one for the cluster's API server, and goes to no registry; ask for one with an audience of its own.");
        if (audience is not null && !audiences.Contains(audience))
            throw new ClientException($"the service account's token is not for the audience '{audience}'; set the same one in kubelet's serviceAccountTokenAudience.");
        if (!claims.TryGetProperty("exp", out var end) || end.ValueKind != JsonValueKind.Number || !end.TryGetInt64(out var seconds) || seconds is < 0 or > 253402300799)
            throw new ClientException("the service account's token does not say when it ends.");
        var until = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return until > now ? new(text, until) : throw new ClientException($"the service account's token ended at {until:u}.");
    }

    private static List<string> AudiencesOf(JsonElement claims) => !claims.TryGetProperty("aud", out var named) ? []
        : named.ValueKind == JsonValueKind.String ? [named.GetString()!]
        : named.ValueKind == JsonValueKind.Array ? [.. named.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)]
        : [];

    private static JsonElement ClaimsOf(string text)
    {
        try
        {
            var parts = text.Split('.');
            if (parts.Length != 3) throw new FormatException();
            using var document = JsonReading.ParseReadable(Base64Url.DecodeFromChars(parts[1]), default) ?? throw new FormatException();
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new FormatException();
        }
        catch (Exception e) when (e is FormatException or JsonException or DecoderFallbackException)
        {
            throw new ClientException("the service account's token is no JWT.");
        }
    }
}
