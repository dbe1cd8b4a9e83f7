using System.Buffers.Text;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>What the authority says of itself: its addresses, its keys, its cloud.</summary>
internal sealed class AuthorityDocuments(AuthorityTokens tokens, PublicNames names, IdentityOptions options)
{
    /// <summary>The addresses and abilities (OpenID Connect Discovery 1.0, 3).</summary>
    public async Task WriteConfigurationAsync(HttpContext context, AuthorityPath path)
    {
        var issuer = await tokens.IssuerAsync(context.RequestAborted);
        var at = names.LoginEndpoint + path.Base;
        var version = path.IsAdfs ? "" : "v2.0/";
        await AuthorityJson.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("issuer"u8, issuer);
            json.WriteString("authorization_endpoint"u8, $"{at}/oauth2/{version}authorize");
            json.WriteString("token_endpoint"u8, $"{at}/oauth2/{version}token");
            json.WriteString("device_authorization_endpoint"u8, $"{at}/oauth2/{version}devicecode");
            json.WriteString("jwks_uri"u8, $"{at}/discovery/{version}keys");
            json.WriteList("response_types_supported", "code");
            json.WriteList("response_modes_supported", "query", "form_post");
            json.WriteList("grant_types_supported", TokenGrants.Offered(options));
            json.WriteList("subject_types_supported", "public");
            json.WriteList("id_token_signing_alg_values_supported", "RS256");
            json.WriteList("token_endpoint_auth_methods_supported", "client_secret_post", "client_secret_basic", "private_key_jwt");
            json.WriteList("token_endpoint_auth_signing_alg_values_supported", "RS256", "PS256");
            json.WriteList("code_challenge_methods_supported", "S256");
            json.WriteList("scopes_supported", "openid", "profile", "offline_access");
            json.WriteList("claims_supported", "iss", "aud", "exp", "iat", "nbf", "sub", "oid", "tid", "upn", "preferred_username", "name", "nonce");
            json.WriteBoolean("request_parameter_supported"u8, false);
            json.WriteBoolean("request_uri_parameter_supported"u8, false);
        });
    }

    /// <summary>The public keys (RFC 7517). A key is published for a minute before it signs: nobody may keep the list for longer.</summary>
    public async Task WriteKeysAsync(HttpContext context)
    {
        var keys = await tokens.Signer.Keys.ListAsync(context.RequestAborted);
        var issuer = await tokens.IssuerAsync(context.RequestAborted);
        await AuthorityJson.WriteAsync(
            context, StatusCodes.Status200OK,
            json =>
            {
                json.WriteStartArray("keys"u8);
                foreach (var key in keys)
                {
                    var numbers = key.Rsa?.ExportParameters(includePrivateParameters: false) ?? key.Parameters;
                    json.WriteStartObject();
                    json.WriteString("kty"u8, "RSA"u8);
                    json.WriteString("use"u8, "sig"u8);
                    json.WriteString("alg"u8, "RS256"u8);
                    json.WriteString("kid"u8, key.KeyId);
                    json.WriteString("n"u8, Base64Url.EncodeToString(numbers.Modulus));
                    json.WriteString("e"u8, Base64Url.EncodeToString(numbers.Exponent));
                    json.WriteString("issuer"u8, issuer);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            },
            $"public, max-age={(int)SigningKeys.Publication.TotalSeconds / 2}");
    }

    /// <summary>Which names the cloud's authority has: one.</summary>
    public async Task WriteInstanceAsync(HttpContext context)
    {
        var tenant = await tokens.TenantAsync(context.RequestAborted);
        var host = names.LoginEndpoint["https://".Length..];
        await AuthorityJson.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("tenant_discovery_endpoint"u8, $"{names.LoginEndpoint}/{tenant}/v2.0/.well-known/openid-configuration");
            json.WriteString("api-version"u8, "1.1"u8);
            json.WriteStartArray("metadata"u8);
            json.WriteStartObject();
            json.WriteString("preferred_network"u8, host);
            json.WriteString("preferred_cache"u8, host);
            json.WriteList("aliases", host);
            json.WriteEndObject();
            json.WriteEndArray();
        });
    }
}
