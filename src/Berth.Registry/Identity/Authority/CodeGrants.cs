using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Authorization codes (RFC 6749, 4.1.2): for one use within five minutes, by the program that asked, at its address, with the secret whose hash it gave
/// (RFC 7636). A second use ends what the first one got.
/// </summary>
internal sealed class CodeGrants(IGrants grants, PersonProofs people, RefreshGrants refreshes, TimeProvider time)
{
    private const string Kind = "code";
    private const int LongestVerifier = 128;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>A code for a person who signed in, here or with the outside provider.</summary>
    public async Task<string> IssueAsync(AuthorizationRequest request, PrincipalRecord person, OutsideSession? outside, CancellationToken cancellationToken)
    {
        var code = OpaqueCode.Create();
        var payload = new CodePayload(
            request.ClientId, request.Return.Uri, request.Challenge, request.Scope, request.Resource, request.Nonce, person.Id, person.Epoch, outside);
        var grant = new GrantRecord(
            Kind, OpaqueCode.HashOf(Kind, code), null, "", JsonSerializer.Serialize(payload, GrantPayloads.Default.CodePayload), 0, time.GetUtcNow() + Lifetime);
        await grants.AddGrantAsync(grant, cancellationToken);
        return code;
    }

    /// <summary>What a code stands for; it stands for nothing from then on, whatever comes of it.</summary>
    /// <exception cref="AuthorityException">It is not good, or not this client's.</exception>
    public async Task<RedeemedCode> RedeemAsync(string code, string clientId, string redirectUri, string verifier, CancellationToken cancellationToken)
    {
        var family = Base64Url.EncodeToString(OpaqueCode.HashOf("family", code));
        if (await grants.TakeGrantAsync(Kind, OpaqueCode.HashOf(Kind, code), cancellationToken) is not { } grant)
        {
            await refreshes.EndAsync(family, cancellationToken);
            throw AuthorityException.BadGrant(70008, "The code is unknown, used or expired; sign in again.");
        }

        var payload = JsonSerializer.Deserialize(grant.Payload, GrantPayloads.Default.CodePayload)!;
        if (payload.ClientId != clientId) throw AuthorityException.BadGrant(70000, "The code is another program's.");
        if (payload.RedirectUri != redirectUri) throw AuthorityException.BadGrant(50011, "The code was sent to another 'redirect_uri'.");
        if (!IsMatch(verifier, payload.Challenge)) throw AuthorityException.BadGrant(501481, "'code_verifier' does not match the 'code_challenge' of the sign-in.");
        return await people.FindAsync(payload.PrincipalId, payload.Epoch, cancellationToken) is { } person
            ? new RedeemedCode(person, payload, family)
            : throw AuthorityException.BadGrant(50057, "The account was changed or disabled meanwhile.");
    }

    private static bool IsMatch(string verifier, string challenge) => verifier.Length <= LongestVerifier && CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(verifier)))), Encoding.UTF8.GetBytes(challenge));
}

/// <summary>What a code stood for.</summary>
/// <param name="Person">Who signed in, as of now.</param>
/// <param name="Payload">What was asked for.</param>
/// <param name="Family">The code of the refresh tokens that come of it.</param>
internal sealed record RedeemedCode(PrincipalRecord Person, CodePayload Payload, string Family);
