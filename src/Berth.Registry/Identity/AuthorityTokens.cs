using System.Text.Json;
using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Issues and reads the authority's access tokens, which its clients bring to the control plane, to the directory, or to a registry's
/// <c>/oauth2/exchange</c>: JWTs with the claims that Microsoft Entra's have, and the principal with its security epoch.
/// </summary>
public sealed class AuthorityTokens(
    ISigningKeys rows, IInstallation installation, PublicNames names, IdentityOptions options, TimeProvider time, ILogger<AuthorityTokens> logger) : IDisposable
{
    /// <summary>The audience of tokens that are only to be exchanged at a registry.</summary>
    public const string RegistryAudience = "https://containerregistry.azure.net";

    private const string CredentialEnd = "credential_exp";

    private string? _tenant;

    /// <summary>Signs this issuer's tokens.</summary>
    internal TokenSigner Signer { get; } = new(new SigningKeys(SigningKeys.Authority, rows, options, time, logger), time);

    /// <summary>What a token can be issued for: the control plane, the directory, the registries.</summary>
    public IReadOnlyList<string> Audiences => [names.ArmEndpoint, names.GraphEndpoint, RegistryAudience];

    /// <summary>The directory tenant's GUID.</summary>
    public async ValueTask<string> TenantAsync(CancellationToken cancellationToken) =>
        _tenant ??= (await installation.FindInstallationAsync(cancellationToken))?.TenantId ?? throw new InvalidOperationException("There is no installation yet.");

    /// <summary>The issuer that tokens name.</summary>
    public async ValueTask<string> IssuerAsync(CancellationToken cancellationToken) => $"{names.LoginEndpoint}/{await TenantAsync(cancellationToken)}/v2.0";

    /// <summary>An access token for an audience, for as long as they are good.</summary>
    internal Task<string> IssueAsync(PrincipalRecord record, string audience, string? clientId, CancellationToken cancellationToken) =>
        IssueAsync(record, audience, clientId, null, cancellationToken);

    /// <summary>An access token for an audience.</summary>
    /// <param name="record">The principal's row.</param>
    /// <param name="audience">What it is for, one of <see cref="Audiences"/>.</param>
    /// <param name="clientId">The program that asked for it, or null for one that is the principal itself.</param>
    /// <param name="until">When the credential ends that it is given for; null for never. Nothing that is given for the token may be good for longer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<string> IssueAsync(PrincipalRecord record, string audience, string? clientId, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var tenant = await TenantAsync(cancellationToken);
        var issuer = await IssuerAsync(cancellationToken);
        return await Signer.SignAsync(
            json =>
            {
                WriteTimes(json, LifetimeUntil(until));
                if (until is { } end) json.WriteNumber(CredentialEnd, end.ToUnixTimeSeconds());
                json.WriteString("iss"u8, issuer);
                json.WriteString("aud"u8, audience);
                json.WriteString("sub"u8, record.ObjectId);
                json.WriteString("oid"u8, record.ObjectId);
                json.WriteString("tid"u8, tenant);
                json.WriteString("appid"u8, clientId ?? record.ClientId ?? record.ObjectId);
                json.WriteString("idtyp"u8, record.Kind == PrincipalKind.User ? "user"u8 : "app"u8);
                if (record.Kind == PrincipalKind.User) json.WriteString("upn"u8, record.Name);
                json.WriteString("name"u8, record.DisplayName);
                json.WriteString("ver"u8, "1.0"u8);
                json.WriteNumber("principal"u8, record.Id);
                json.WriteNumber("epoch"u8, record.Epoch);
            },
            cancellationToken);
    }

    /// <summary>How long an access token is good for a credential that ends at a time; null for never.</summary>
    internal TimeSpan LifetimeUntil(DateTimeOffset? end) =>
        end - time.GetUtcNow() is { } left && left < options.AuthorityTokenLifetime ? left : options.AuthorityTokenLifetime;

    /// <summary>
    /// Whom a token for one of the audiences was issued to; null when the authority did not issue it, it is for something else, or it is not good now.
    /// Whether the principal's epoch is still the same is the caller's to ask.
    /// </summary>
    internal async Task<SignedIn?> ReadAsync(string text, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var token = await Signer.ReadAsync(text, await IssuerAsync(cancellationToken), audiences, cancellationToken);
        if (token is null || !token.TryGetPayloadValue<long>("principal", out var id) || !token.TryGetPayloadValue<long>("epoch", out var epoch)) return null;

        // Another kind of token of this issuer, for a client of its own, has no business here.
        if (!token.TryGetPayloadValue<string>("idtyp", out var type)) return null;
        var name = type == "user" ? token.GetPayloadValue<string>("upn") : token.GetPayloadValue<string>("appid");
        DateTimeOffset? end = token.TryGetPayloadValue<long>(CredentialEnd, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        return new SignedIn(new Principal(id, name, epoch), null, 0) { Until = end };
    }

    /// <summary>Writes the claims that say when the token is good, and its id.</summary>
    internal void WriteTimes(Utf8JsonWriter json, TimeSpan lifetime)
    {
        var now = time.GetUtcNow();
        json.WriteString("jti"u8, Guid.CreateVersion7(now).ToString());
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("nbf"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, (now + lifetime).ToUnixTimeSeconds());
    }

    /// <inheritdoc/>
    public void Dispose() => Signer.Dispose();
}
