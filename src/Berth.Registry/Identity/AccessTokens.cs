using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.Authorization;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Identity;

/// <summary>
/// Issues and reads the tokens of a registry: JWTs with the claims that Azure Container Registry's have, and the principal with its security epoch. A
/// token says what was asked for and granted when it was made; what its principal may do now is decided anew for each request.
/// </summary>
public sealed class AccessTokens(ISigningKeys rows, PublicNames names, IdentityOptions options, TimeProvider time, ILogger<AccessTokens> logger) : IDisposable
{
    private const string Issuer = "Azure Container Registry";
    private const string AccessGrant = "access_token";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = 64 * 1024 };

    private readonly SigningKeys _keys = new(SigningKeys.Registry, rows, options, time, logger);

    /// <summary>A token for what was granted.</summary>
    internal async Task<string> IssueAccessAsync(RegistryRecord registry, Principal principal, IReadOnlyList<AccessEntry> access, CancellationToken cancellationToken)
    {
        var credentials = await _keys.CurrentAsync(cancellationToken);
        return Handler.CreateToken(Payload(registry, principal, access), credentials);
    }

    /// <summary>What a token for this registry carries; null when it is not one that this registry issued for its own use, or is not good now.</summary>
    internal async Task<AccessToken?> ReadAccessAsync(string text, RegistryRecord registry, CancellationToken cancellationToken)
    {
        if (text.AsSpan().Count('.') != 2 || !Handler.CanReadToken(text)) return null;

        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException or JsonException)
        {
            return null;
        }

        if (token.Kid is not { Length: > 0 } id || await _keys.FindAsync(id, cancellationToken) is not { } key) return null;
        var result = await Handler.ValidateTokenAsync(token, Parameters(registry, key));
        return result.IsValid ? Read(token, registry) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _keys.Dispose();

    private TokenValidationParameters Parameters(RegistryRecord registry, SecurityKey key) => new()
    {
        ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
        ValidIssuer = Issuer,
        ValidAudience = names.LoginServer(registry.Name),
        IssuerSigningKey = key,
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = (from, until, _, _) => from is { } start && until is { } end && IsGood(start, end),
    };

    private bool IsGood(DateTime from, DateTime until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return from <= now && now < until;
    }

    private string Payload(RegistryRecord registry, Principal principal, IReadOnlyList<AccessEntry> access)
    {
        var now = time.GetUtcNow();
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("jti"u8, Guid.CreateVersion7(now).ToString());
            json.WriteString("sub"u8, principal.Name);
            json.WriteNumber("nbf"u8, now.ToUnixTimeSeconds());
            json.WriteNumber("exp"u8, (now + options.AccessTokenLifetime).ToUnixTimeSeconds());
            json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
            json.WriteString("iss"u8, Issuer);
            json.WriteString("aud"u8, names.LoginServer(registry.Name));
            json.WriteString("version"u8, "1.0"u8);
            json.WriteString("grant_type"u8, AccessGrant);
            json.WriteStartArray("access"u8);
            foreach (var entry in access) Write(json, entry);
            json.WriteEndArray();
            json.WriteStartArray("roles"u8);
            json.WriteEndArray();
            json.WriteNumber("registry"u8, registry.Id);
            json.WriteNumber("principal"u8, principal.Id);
            json.WriteNumber("epoch"u8, principal.Epoch);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length));
    }

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

    // The signature is good: what is read here was written above.
    private static AccessToken? Read(JsonWebToken token, RegistryRecord registry)
    {
        if (!token.TryGetPayloadValue<string>("grant_type", out var grant) || grant != AccessGrant) return null;
        if (!token.TryGetPayloadValue<long>("registry", out var issuedFor) || issuedFor != registry.Id) return null;
        if (!token.TryGetPayloadValue<long>("principal", out var id) || !token.TryGetPayloadValue<long>("epoch", out var epoch)) return null;
        if (!token.TryGetPayloadValue<JsonElement>("access", out var claim)) return null;

        var access = new List<AccessEntry>();
        foreach (var entry in claim.EnumerateArray())
        {
            access.Add(new AccessEntry(
                entry.GetProperty("type").GetString()!, entry.GetProperty("name").GetString()!,
                [.. entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()!)]));
        }

        return new AccessToken(
            new Principal(id, token.Subject, epoch), RegistryScopes.FromAccess(access), new DateTimeOffset(token.ValidFrom), new DateTimeOffset(token.ValidTo));
    }
}

/// <summary>What a good registry token says.</summary>
/// <param name="Principal">Whom it was issued to, at the security epoch of then.</param>
/// <param name="Scopes">What it may be used for.</param>
/// <param name="From">From when on it is good.</param>
/// <param name="Until">When it ends.</param>
internal sealed record AccessToken(Principal Principal, RegistryScopes Scopes, DateTimeOffset From, DateTimeOffset Until);
