using System.Buffers.Text;
using System.Text.Json;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>The token endpoint's good answers (RFC 6749, 5.1; OpenID Connect Core, 3.1.3.3), as MSAL reads them.</summary>
internal sealed class TokenAnswers(AuthorityTokens tokens, IdentityOptions options)
{
    /// <summary>Answers an application that asked for itself.</summary>
    /// <param name="context">The request.</param>
    /// <param name="application">The application.</param>
    /// <param name="until">When what proved it ends; null for never.</param>
    /// <param name="access">What it asked for.</param>
    public async Task WriteAsync(HttpContext context, PrincipalRecord application, DateTimeOffset? until, RequestedAccess access)
    {
        var token = await tokens.IssueAsync(application, access.Audience, null, until, context.RequestAborted);
        await AuthorityJson.WriteAsync(context, StatusCodes.Status200OK, json => WriteAccess(json, access, token, tokens.LifetimeUntil(until)));
    }

    /// <summary>Answers a program that asked for a person.</summary>
    public async Task WriteAsync(HttpContext context, PrincipalRecord person, string clientId, RequestedAccess access, string? nonce, string? refreshToken)
    {
        var token = await tokens.IssueAsync(person, access.Audience, clientId, context.RequestAborted);
        var tenant = await tokens.TenantAsync(context.RequestAborted);
        var idToken = await IssueIdAsync(person, clientId, tenant, nonce, context.RequestAborted);
        await AuthorityJson.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            WriteAccess(json, access, token, options.AuthorityTokenLifetime);
            if (refreshToken is not null) json.WriteString("refresh_token"u8, refreshToken);
            json.WriteString("id_token"u8, idToken);
            json.WriteString("client_info"u8, ClientInfo(person.ObjectId, tenant));
        });
    }

    private static void WriteAccess(Utf8JsonWriter json, RequestedAccess access, string token, TimeSpan lifetime)
    {
        var seconds = (long)lifetime.TotalSeconds;
        json.WriteString("token_type"u8, "Bearer"u8);
        json.WriteString("scope"u8, access.Scope);
        if (access.Resource is not null) json.WriteString("resource"u8, access.Resource);
        json.WriteNumber("expires_in"u8, seconds);
        json.WriteNumber("ext_expires_in"u8, seconds);
        json.WriteString("access_token"u8, token);
    }

    // Without idtyp, principal and epoch, and for the program itself: it is no access token, wherever it is brought.
    private async Task<string> IssueIdAsync(PrincipalRecord person, string clientId, string tenant, string? nonce, CancellationToken cancellationToken)
    {
        var issuer = await tokens.IssuerAsync(cancellationToken);
        return await tokens.Signer.SignAsync(
            json =>
            {
                tokens.WriteTimes(json, options.AuthorityTokenLifetime);
                json.WriteString("iss"u8, issuer);
                json.WriteString("aud"u8, clientId);
                json.WriteString("sub"u8, person.ObjectId);
                json.WriteString("oid"u8, person.ObjectId);
                json.WriteString("tid"u8, tenant);
                json.WriteString("preferred_username"u8, person.Name);
                json.WriteString("upn"u8, person.Name);
                json.WriteString("name"u8, person.DisplayName);
                json.WriteString("ver"u8, "2.0"u8);
                if (nonce is not null) json.WriteString("nonce"u8, nonce);
            },
            cancellationToken);
    }

    private static string ClientInfo(string objectId, string tenant)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("uid"u8, objectId);
            json.WriteString("utid"u8, tenant);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(body.GetBuffer().AsSpan(0, (int)body.Length));
    }
}
