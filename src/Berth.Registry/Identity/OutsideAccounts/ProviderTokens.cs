using System.Text.Json;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>What the provider's token endpoint gave.</summary>
/// <param name="IdToken">Who the person is, signed; null when it says nothing new.</param>
/// <param name="AccessToken">What opens the provider's own addresses, or null.</param>
/// <param name="RefreshToken">What it can be asked with again, or null.</param>
internal sealed record ProviderTokens(string? IdToken, string? AccessToken, string? RefreshToken)
{
    /// <summary>Reads an answer.</summary>
    public static ProviderTokens Read(JsonElement body) => new(Text(body, "id_token"), Text(body, "access_token"), Text(body, "refresh_token"));

    /// <summary>A property that is a text with something in it, or null.</summary>
    public static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
