using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Identity.Federation;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>Reads the provider's id tokens (OpenID Connect Core 1.0, 3.1.3.7): by its published keys, for this client, for this sign-in.</summary>
internal sealed class IdTokens(IssuerKeys issuers, IdentityOptions options, TimeProvider time)
{
    // People are in many groups, and each of them is named.
    private const int MaxLength = 256 * 1024;
    private const int MaxSubject = 255;

    // For a provider's clock that is ahead of this one; none for the end.
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>The claims of a token that is good.</summary>
    /// <param name="text">The token.</param>
    /// <param name="nonce">What it must repeat; null when it was not asked for by way of a browser.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ProviderException">It is not good.</exception>
    public async Task<JsonElement> ReadAsync(string text, string? nonce, CancellationToken cancellationToken)
    {
        if (Assertion.TryParse(text, MaxLength) is not { } token) throw Unusable("its id token cannot be read");
        if (!JsonReading.IsReadable(token.Claims)) throw Unusable("its id token has text that cannot be read");
        if (AssertionAlgorithm.Find(token.Algorithm) is not { } algorithm) throw Unusable($"its id token is signed with '{Printable.Of(token.Algorithm, 20)}'");
        CheckClaims(token, nonce);

        if (await issuers.GetAsync(options.Provider.Issuer!, cancellationToken) is not { } keys) throw ProviderHttp.Unavailable("its keys cannot be read");
        var key = keys.Find(token.KeyId, algorithm)
            ?? (await issuers.GetLatestAsync(options.Provider.Issuer!, cancellationToken))?.Find(token.KeyId, algorithm)
            ?? throw UnknownKey(isRenewal: nonce is null);
        return key.Verifies(algorithm, token.Signed, token.Signature) ? token.Claims : throw Unusable("its id token's signature is not that of its key");
    }

    private void CheckClaims(Assertion token, string? nonce)
    {
        var (issuer, client) = (options.Provider.Issuer, options.Provider.ClientId);
        if (token.Issuer != issuer) throw Unusable("its id token is another issuer's");
        if (!token.Audiences.Contains(client, StringComparer.Ordinal)) throw Unusable("its id token is for another client");
        var party = ProviderTokens.Text(token.Claims, "azp");
        if (party is null ? token.Audiences.Count > 1 : party != client) throw Unusable("its id token was given to another client");
        if (nonce is not null && ProviderTokens.Text(token.Claims, "nonce") != nonce) throw Unusable("its id token is of another sign-in");
        if (token.Subject is not { Length: > 0 and <= MaxSubject } subject || subject.Any(char.IsControl)) throw Unusable("its id token has no usable subject");

        var now = time.GetUtcNow();
        if (token.ExpiresAt is not { } end || end <= now) throw Unusable("its id token has ended, or does not say when it does");
        if (token.IssuedAt is not { } issued || issued - Skew > now || token.NotBefore - Skew > now) throw Unusable("its id token is not good yet, or does not say since when");
    }

    // At a renewal the provider itself gave it, over a connection that names it: the key is new, and its list is asked for again in a moment.
    private static ProviderException UnknownKey(bool isRenewal) =>
        new(isRenewal ? ProviderFault.Unavailable : ProviderFault.Unusable, "its id token names a key that it did not publish when it was last asked");

    private static ProviderException Unusable(string message) => new(ProviderFault.Unusable, message);
}
