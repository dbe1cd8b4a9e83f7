using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Refresh tokens of the authority (RFC 6749, 6). Each is used once and gives the next one; whoever brings one that was used ends the whole family, because
/// two have it, and which of them is the thief is not known (RFC 9700, 4.14.2). A token is its family's code, a dot, and its own.
/// </summary>
internal sealed class RefreshGrants(IGrants grants, PersonProofs people, IdentityOptions options, TimeProvider time)
{
    private const string Kind = "refresh";

    /// <summary>The first token of a new family.</summary>
    /// <param name="record">The person.</param>
    /// <param name="clientId">The program.</param>
    /// <param name="scope">What the person signed in for.</param>
    /// <param name="family">The family's code, where what led to it is to end it, too; null for a new one.</param>
    /// <param name="outside">What is kept to ask the outside provider again; null for a local account.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string> StartAsync(
        PrincipalRecord record, string clientId, string scope, string? family, OutsideSession? outside, CancellationToken cancellationToken)
    {
        family ??= OpaqueCode.Create();
        var token = OpaqueCode.Create();
        var payload = new RefreshPayload(clientId, record.Id, record.Epoch, scope, HashOf(token), outside);
        var grant = new GrantRecord(Kind, OpaqueCode.HashOf(Kind, family), null, "", Write(payload), 0, time.GetUtcNow() + options.RefreshGrantLifetime);
        if (!await grants.AddGrantAsync(grant, cancellationToken)) throw Refused();
        return $"{family}.{token}";
    }

    /// <summary>Whose a token is.</summary>
    /// <exception cref="AuthorityException">It is not good, or not this client's.</exception>
    public async Task<RefreshFamily> ReadAsync(string text, string clientId, CancellationToken cancellationToken)
    {
        if (text.Split('.') is not [var family, var token]) throw Refused();
        var grant = await grants.FindGrantAsync(Kind, OpaqueCode.HashOf(Kind, family), cancellationToken);
        if (grant is null) throw Refused();

        var payload = JsonSerializer.Deserialize(grant.Payload, GrantPayloads.Default.RefreshPayload)!;
        if (payload.ClientId != clientId) throw Refused();
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(payload.Current), Encoding.ASCII.GetBytes(HashOf(token))))
        {
            await EndAsync(family, cancellationToken);
            throw Refused();
        }

        if (await people.FindAsync(payload.PrincipalId, payload.Epoch, cancellationToken) is { } person) return new RefreshFamily(family, grant, payload, person);
        await EndAsync(family, cancellationToken);
        throw Refused();
    }

    /// <summary>The next token of a family.</summary>
    /// <exception cref="AuthorityException">The one that was brought has been used meanwhile.</exception>
    public async Task<string> RenewAsync(RefreshFamily of, CancellationToken cancellationToken)
    {
        var token = OpaqueCode.Create();
        var next = of.Grant with
        {
            Payload = Write(of.Payload with { Current = HashOf(token) }),
            ExpiresAt = time.GetUtcNow() + options.RefreshGrantLifetime,
        };
        if (await grants.ReplaceGrantAsync(next, cancellationToken)) return $"{of.Code}.{token}";
        await EndAsync(of.Code, cancellationToken);
        throw Refused();
    }

    /// <summary>Ends a family: none of its tokens is good from then on.</summary>
    public Task EndAsync(string family, CancellationToken cancellationToken) =>
        grants.TakeGrantAsync(Kind, OpaqueCode.HashOf(Kind, family), cancellationToken);

    private static string Write(RefreshPayload payload) => JsonSerializer.Serialize(payload, GrantPayloads.Default.RefreshPayload);

    private static string HashOf(string token) => Convert.ToHexStringLower(OpaqueCode.HashOf("refresh token", token));

    private static AuthorityException Refused() => AuthorityException.BadGrant(
        70008, "The refresh token is unknown, expired, used before or another program's, or its account was changed; sign in again (az login, berth login).");
}

/// <summary>A family of refresh tokens whose present one was brought.</summary>
/// <param name="Code">The family's code.</param>
/// <param name="Grant">Its row.</param>
/// <param name="Payload">What it stands for.</param>
/// <param name="Principal">The person as of now.</param>
internal sealed record RefreshFamily(string Code, GrantRecord Grant, RefreshPayload Payload, PrincipalRecord Principal);
