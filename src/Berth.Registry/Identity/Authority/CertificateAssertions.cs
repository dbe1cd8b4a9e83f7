using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Berth.Metadata;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Assertions that an application signs with the key of one of its certificates (RFC 7523, 3): RS256 or PS256, for one of the authority's addresses, about
/// the application itself, and for a day at most. Whatever key such a text brings along counts for nothing.
/// </summary>
internal sealed class CertificateAssertions(ICredentials credentials, AuthorityTokens tokens, PublicNames names, TimeProvider time)
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(1);

    // The application's clock may be ahead of ours by this.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = Authenticator.MaxTokenLength };

    /// <summary>By which certificate and until when an assertion is good; null when it is not one of this application's, or not good now.</summary>
    public async ValueTask<AcceptedAssertion?> VerifyAsync(PrincipalRecord principal, string assertion, CancellationToken cancellationToken)
    {
        if (Read(assertion) is not { } token || !IsAbout(token, principal) || token.TryGetHeaderValue<object>("crit", out _)) return null;

        foreach (var credential in await credentials.ListCredentialsAsync(principal.Id, cancellationToken))
        {
            if (credential is not { Kind: CredentialKind.Certificate, Certificate: { } der } || credential.ExpiresAt <= time.GetUtcNow() || !Names(token, credential, der))
                continue;

            using var certificate = X509CertificateLoader.LoadCertificate(der);
            using var key = certificate.GetRSAPublicKey();
            if (key is null || !IsGood(certificate)) return null;
            var result = await Handler.ValidateTokenAsync(token, Parameters(new RsaSecurityKey(key), await AudiencesAsync(cancellationToken)));
            return result.IsValid ? new AcceptedAssertion(new DateTimeOffset(token.ValidTo), CredentialSort.Key, credential.KeyId) : null;
        }

        return null;
    }

    private static JsonWebToken? Read(string assertion)
    {
        if (assertion.Length > Authenticator.MaxTokenLength || assertion.AsSpan().Count('.') != 2 || !Handler.CanReadToken(assertion)) return null;
        try
        {
            return new JsonWebToken(assertion);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException or JsonException)
        {
            return null;
        }
    }

    private static bool IsAbout(JsonWebToken token, PrincipalRecord principal) =>
        Guid.TryParse(token.Issuer, out var issuer) && Guid.TryParse(token.Subject, out var subject) && Guid.TryParse(principal.ClientId, out var own)
        && issuer == own && subject == own;

    // The surest name that the header has is the one that counts. MSAL for Python, which is the Azure CLI's, leaves the padding of base64 at its end.
    private static bool Names(JsonWebToken token, CredentialRecord credential, byte[] der)
    {
        if (token.TryGetHeaderValue<string>("x5t#S256", out var sha256)) return sha256.TrimEnd('=') == Base64Url.EncodeToString(SHA256.HashData(der));
        var thumbprint = Thumbprint(der);
        if (token.X5t is { Length: > 0 } sha1) return sha1.TrimEnd('=') == Base64Url.EncodeToString(thumbprint);
        return token.Kid is { Length: > 0 } id
            && (id.Equals(Convert.ToHexString(thumbprint), StringComparison.OrdinalIgnoreCase) || id.Equals(credential.KeyId, StringComparison.OrdinalIgnoreCase));
    }

#pragma warning disable CA5350 // x5t is the SHA-1 by definition (RFC 7515, 4.1.7): it names a certificate that was registered, and proves nothing.
    private static byte[] Thumbprint(byte[] der) => SHA1.HashData(der);
#pragma warning restore CA5350

    private bool IsGood(X509Certificate2 certificate)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return certificate.NotBefore.ToUniversalTime() <= now && now < certificate.NotAfter.ToUniversalTime();
    }

    private async ValueTask<string[]> AudiencesAsync(CancellationToken cancellationToken)
    {
        var tenant = await tokens.TenantAsync(cancellationToken);
        var bases = (string[])["/adfs", $"/adfs/{tenant}", $"/{tenant}", "/common", "/organizations"];
        return
        [
            await tokens.IssuerAsync(cancellationToken),
            .. bases.SelectMany(at => (string[])[$"{names.LoginEndpoint}{at}/oauth2/token", $"{names.LoginEndpoint}{at}/oauth2/v2.0/token"]),
        ];
    }

    private TokenValidationParameters Parameters(SecurityKey key, string[] audiences) => new()
    {
        ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256],
        ValidateIssuer = false, // it is the application itself
        ValidAudiences = audiences,
        IssuerSigningKey = key,
        CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false }, // the key ends with this assertion
        TryAllIssuerSigningKeys = true, // there is this one alone
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = (from, until, _, _) => until is { } end && IsNow(from, end),
    };

    private bool IsNow(DateTime? from, DateTime until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return now < until && until <= now + LongestLifetime + Skew && !(from > now + Skew);
    }
}
