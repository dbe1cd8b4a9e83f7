using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;

namespace Berth.Registry.Identity;

/// <summary>
/// Checks credentials that are random and therefore need no slow hash: secrets of service principals, passwords of a registry's tokens and of its admin
/// user, and a registry's refresh tokens; and the tokens of other issuers that an application's account trusts.
/// </summary>
internal sealed class SecretCredentials(
    IInstallation installation, IPrincipals principals, ICredentials credentials, IRegistries registries, IRegistryTokens registryTokens, AccessTokens tokens,
    FederatedAssertions assertions, TimeProvider time)
{
    /// <summary>The user name whose password is a refresh token: the null GUID, as with Azure Container Registry.</summary>
    public const string RefreshTokenUser = "00000000-0000-0000-0000-000000000000";

    /// <summary>Whose credential at a registry it is, or null.</summary>
    public async ValueTask<VerifiedCredential?> FindAsync(RegistryRecord registry, string name, byte[] password, CancellationToken cancellationToken)
    {
        if (name == RefreshTokenUser)
        {
            return await tokens.ReadRefreshAsync(Encoding.UTF8.GetString(password), registry, cancellationToken) is var (principal, until)
                ? new VerifiedCredential(principal, "refresh token", null, until)
                : null;
        }

        if (Guid.TryParse(name, out var clientId))
        {
            if (await principals.FindPrincipalByClientIdAsync(clientId.ToString(), cancellationToken) is not { } record) return null;
            return await FindFederatedAsync(record, password, cancellationToken) ?? await FindSecretAsync(record, password, cancellationToken);
        }

        if (name.Equals(registry.Name, StringComparison.OrdinalIgnoreCase)) return await FindAdminUserAsync(registry, password, cancellationToken);

        if (await registryTokens.FindTokenAsync(registry.Id, name, cancellationToken) is not { } grant) return null;
        return Match(grant.Token.Principal, grant.Credentials, password, "token password");
    }

    /// <summary>The service principal whose client id and secret these are, or null. A token of an issuer that it trusts is no secret.</summary>
    public async ValueTask<VerifiedCredential?> FindByClientIdAsync(Guid clientId, byte[] password, CancellationToken cancellationToken)
    {
        return await principals.FindPrincipalByClientIdAsync(clientId.ToString(), cancellationToken) is { } record ? await FindSecretAsync(record, password, cancellationToken) : null;
    }

    private async ValueTask<VerifiedCredential?> FindSecretAsync(PrincipalRecord record, byte[] password, CancellationToken cancellationToken) =>
        Match(record, await credentials.ListCredentialsAsync(record.Id, cancellationToken), password, "secret");

    private async ValueTask<VerifiedCredential?> FindFederatedAsync(PrincipalRecord record, byte[] password, CancellationToken cancellationToken)
    {
        if (record is not { Enabled: true, Kind: PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity } || !Assertion.IsLikely(password)) return null;
        return await assertions.VerifyAsync(record, Encoding.UTF8.GetString(password), cancellationToken) is { } accepted
            ? new VerifiedCredential(Principal.Of(record), "federated token", accepted.KeyId, accepted.Until, accepted.Sort)
            : null;
    }

    private async ValueTask<VerifiedCredential?> FindAdminUserAsync(RegistryRecord registry, byte[] password, CancellationToken cancellationToken)
    {
        // Read anew: whether the account is on is what the resolver may remember wrongly.
        if (await registries.FindRegistryByIdAsync(registry.Id, cancellationToken) is not { AdminUserEnabled: true }) return null;
        if (await installation.FindPrincipalAsync(AdminUser.RowNameOf(registry), cancellationToken) is not { } record) return null;
        return Match(record, await credentials.ListCredentialsAsync(record.Id, cancellationToken), password, "admin password");
    }

    private VerifiedCredential? Match(PrincipalRecord record, IReadOnlyList<CredentialRecord> known, byte[] secret, string method)
    {
        if (!record.Enabled) return null;

        var hash = SHA256.HashData(secret);
        var now = time.GetUtcNow();
        CredentialRecord? match = null;
        foreach (var credential in known)
        {
            // Every one is compared, so that the time says nothing about which one it was.
            if (credential.SecretHash is { } expected && CryptographicOperations.FixedTimeEquals(hash, expected) && !(credential.ExpiresAt <= now)) match = credential;
        }

        return match is null ? null : new VerifiedCredential(Principal.Of(record), method, match.KeyId, match.ExpiresAt);
    }
}

/// <summary>A credential that was found good.</summary>
/// <param name="Principal">Whose it is.</param>
/// <param name="Method">What it is, in a word, for the list of sign-ins.</param>
/// <param name="KeyId">Which of the principal's credentials it is, by key id or name; null for a token of the registry itself.</param>
/// <param name="Until">When it ends; null for never.</param>
/// <param name="Sort">What <paramref name="KeyId"/> names.</param>
internal sealed record VerifiedCredential(
    Principal Principal, string Method, string? KeyId, DateTimeOffset? Until, CredentialSort Sort = CredentialSort.Key);
