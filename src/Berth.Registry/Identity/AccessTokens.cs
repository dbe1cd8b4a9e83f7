using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.Authorization;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Berth.Registry.Identity;

/// <summary>
/// Issues and reads the tokens of a registry: JWTs with the claims that Azure Container Registry's have, and the principal with its security epoch. An
/// access token says what was asked for and granted when it was made, a refresh token nothing but who asks; what its principal may do now is decided anew
/// for each request.
/// </summary>
public sealed class AccessTokens(ISigningKeys rows, PublicNames names, IdentityOptions options, TimeProvider time, ILogger<AccessTokens> logger) : IDisposable
{
    private const string Issuer = "Azure Container Registry";
    private const string AccessGrant = "access_token";
    private const string RefreshGrant = "refresh_token";

    private readonly TokenSigner _signer = new(new SigningKeys(SigningKeys.Registry, rows, options, time, logger), time);

    /// <summary>A token for what was granted, and how long it is good: never beyond the credential that it is given for.</summary>
    internal async Task<(string Text, TimeSpan Lifetime)> IssueAccessAsync(
        RegistryRecord registry, SignedIn signedIn, IReadOnlyList<AccessEntry> access, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var lifetime = Shorter(options.AccessTokenLifetime, signedIn.Until - now);
        var text = await _signer.SignAsync(
            json =>
            {
                WriteCommon(json, registry, signedIn.Principal, AccessGrant, now, lifetime);
                json.WriteStartArray("access"u8);
                foreach (var entry in access) Write(json, entry);
                json.WriteEndArray();
            },
            cancellationToken);
        return (text, lifetime);
    }

    /// <summary>A token that is the principal's password here for a while, and how long: never beyond the credential that it is given for.</summary>
    internal async Task<(string Text, TimeSpan Lifetime)> IssueRefreshAsync(
        RegistryRecord registry, SignedIn signedIn, string tenant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var lifetime = Shorter(options.RefreshTokenLifetime, signedIn.Until - now);
        var text = await _signer.SignAsync(
            json =>
            {
                WriteCommon(json, registry, signedIn.Principal, RefreshGrant, now, lifetime);
                json.WriteString("tenant"u8, tenant);
                json.WriteStartObject("permissions"u8);
                json.WriteStartArray("actions"u8);
                json.WriteStringValue("*"u8);
                json.WriteEndArray();
                json.WriteStartArray("notActions"u8);
                json.WriteEndArray();
                json.WriteEndObject();
            },
            cancellationToken);
        return (text, lifetime);
    }

    /// <summary>What an access token for this registry carries; null when it is not one that this registry issued for its own use, or is not good now.</summary>
    internal async Task<AccessToken?> ReadAccessAsync(string text, RegistryRecord registry, CancellationToken cancellationToken)
    {
        if (await ReadAsync(text, registry, AccessGrant, cancellationToken) is not { } token) return null;
        if (!token.TryGetPayloadValue<JsonElement>("access", out var claim) || PrincipalOf(token) is not { } principal) return null;

        // The signature is good: what is read here was written above.
        var access = new List<AccessEntry>();
        foreach (var entry in claim.EnumerateArray())
        {
            access.Add(new AccessEntry(
                entry.GetProperty("type").GetString()!, entry.GetProperty("name").GetString()!,
                [.. entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()!)]));
        }

        return new AccessToken(principal, RegistryScopes.FromAccess(access), new DateTimeOffset(token.ValidFrom), new DateTimeOffset(token.ValidTo));
    }

    /// <summary>Whom a refresh token of this registry was issued to, and until when; null when it is none, or is not good now.</summary>
    internal async Task<(Principal Principal, DateTimeOffset Until)?> ReadRefreshAsync(string text, RegistryRecord registry, CancellationToken cancellationToken) =>
        await ReadAsync(text, registry, RefreshGrant, cancellationToken) is { } token && PrincipalOf(token) is { } principal
            ? (principal, new DateTimeOffset(token.ValidTo))
            : null;

    /// <inheritdoc/>
    public void Dispose() => _signer.Dispose();

    private async Task<JsonWebToken?> ReadAsync(string text, RegistryRecord registry, string grant, CancellationToken cancellationToken)
    {
        if (await _signer.ReadAsync(text, Issuer, [names.LoginServer(registry.Name)], cancellationToken) is not { } token) return null;
        if (!token.TryGetPayloadValue<string>("grant_type", out var found) || found != grant) return null;
        return token.TryGetPayloadValue<long>("registry", out var issuedFor) && issuedFor == registry.Id ? token : null;
    }

    private void WriteCommon(Utf8JsonWriter json, RegistryRecord registry, Principal principal, string grant, DateTimeOffset now, TimeSpan lifetime)
    {
        json.WriteString("jti"u8, Guid.CreateVersion7(now).ToString());
        json.WriteString("sub"u8, principal.Name);
        json.WriteNumber("nbf"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, (now + lifetime).ToUnixTimeSeconds());
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WriteString("iss"u8, Issuer);
        json.WriteString("aud"u8, names.LoginServer(registry.Name));
        json.WriteString("version"u8, "1.0"u8);
        json.WriteString("grant_type"u8, grant);
        json.WriteStartArray("roles"u8);
        json.WriteEndArray();
        json.WriteNumber("registry"u8, registry.Id);
        json.WriteNumber("principal"u8, principal.Id);
        json.WriteNumber("epoch"u8, principal.Epoch);
    }

    private static TimeSpan Shorter(TimeSpan usual, TimeSpan? left) => left < usual ? left.Value : usual;

    private static void Write(Utf8JsonWriter json, AccessEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, entry.Type);
        json.WriteString("name"u8, entry.Name);
        json.WriteStartArray("actions"u8);
        foreach (var action in entry.Actions) json.WriteStringValue(action);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Principal? PrincipalOf(JsonWebToken token) =>
        token.TryGetPayloadValue<long>("principal", out var id) && token.TryGetPayloadValue<long>("epoch", out var epoch) ? new Principal(id, token.Subject, epoch) : null;
}

/// <summary>What a good registry token says.</summary>
/// <param name="Principal">Whom it was issued to, at the security epoch of then.</param>
/// <param name="Scopes">What it may be used for.</param>
/// <param name="From">From when on it is good.</param>
/// <param name="Until">When it ends.</param>
internal sealed record AccessToken(Principal Principal, RegistryScopes Scopes, DateTimeOffset From, DateTimeOffset Until);
