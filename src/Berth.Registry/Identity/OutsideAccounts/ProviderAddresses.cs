using System.Text.Json;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it is used here.</summary>
/// <param name="Authorization">Where people sign in.</param>
/// <param name="Token">Where codes and refresh tokens are exchanged.</param>
/// <param name="UserInfo">Where claims are had for an access token, or null.</param>
/// <param name="TakesBasic">Whether the client proves itself in a header; else in the form.</param>
/// <param name="NamesItself">Whether it says with each code who gave it (RFC 9207).</param>
internal sealed record ProviderAddresses(Uri Authorization, Uri Token, Uri? UserInfo, bool TakesBasic, bool NamesItself)
{
    /// <summary>Reads the discovery document of an issuer.</summary>
    /// <exception cref="FormatException">It is another issuer's, or not usable; the message says how, as part of a sentence.</exception>
    public static ProviderAddresses Read(JsonElement document, string issuer)
    {
        if (Text(document, "issuer") != issuer) throw new FormatException("its configuration is another issuer's; Identity:Provider:Issuer must be what it says, letter for letter");
        return new ProviderAddresses(
            Address(document, "authorization_endpoint") ?? throw Missing("authorization_endpoint"),
            Address(document, "token_endpoint") ?? throw Missing("token_endpoint"),
            Address(document, "userinfo_endpoint"), TakesBasicOf(document),
            document.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True);
    }

    private static bool TakesBasicOf(JsonElement document) =>
        !document.TryGetProperty("token_endpoint_auth_methods_supported", out var methods) || methods.ValueKind != JsonValueKind.Array
        || methods.EnumerateArray().Any(method => method.ValueKind == JsonValueKind.String && method.ValueEquals("client_secret_basic"u8));

    private static Uri? Address(JsonElement document, string name) =>
        Uri.TryCreate(Text(document, name), UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
            ? uri
            : null;

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static FormatException Missing(string name) => new($"its configuration's {name} is not an https address");
}
