using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Refresh tokens of the authority (RFC 6749, 6). Each gives the next one; the one that was used last gives the same again for a moment, because command
/// lines that run beside each other share it. Whoever brings an older one ends the whole family: two have it, and which of them is the thief is not known
/// (RFC 9700, 4.14.2). A token is its family's code, a dot, and its own; the next one is made of it and of what the row alone has, so that neither
/// is enough.
/// </summary>
internal sealed class RefreshGrants(IGrants grants, PersonProofs people, IdentityOptions options, TimeProvider time)
{
    private const string Kind = "refresh";
    private const int SeedBytes = 32;

    /// <summary>The first token of a new family.</summary>
    /// <param name="record">The person.</param>
    /// <param name="client">The program.</param>
    /// <param name="scope">What the person signed in for.</param>
    /// <param name="family">The family's code, where what led to it is to end it, too; null for a new one.</param>
    /// <param name="outside">What is kept to ask the outside provider again; null for a local account.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string> StartAsync(
        PrincipalRecord record, Client client, string scope, string? family, OutsideSession? outside, CancellationToken cancellationToken)
    {
        family ??= OpaqueCode.Create();
        var token = OpaqueCode.Create();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var payload = new RefreshPayload(
            client.Id, record.Id, record.Epoch, scope, now, RandomNumberGenerator.GetBytes(SeedBytes), HashOf(token), IsProven: client.IsProven, Outside: outside);
        var grant = new GrantRecord(Kind, OpaqueCode.HashOf(Kind, family), null, "", Write(payload), 0, EndOf(payload));
        if (!await grants.AddGrantAsync(grant, cancellationToken)) throw Refused();
        return $"{family}.{token}";
    }

    /// <summary>Whose a token is.</summary>
    /// <exception cref="AuthorityException">It is not good, or not this client's.</exception>
    public Task<RefreshFamily> ReadAsync(string text, Client client, CancellationToken cancellationToken) =>

        // Also when the application that proved itself is gone meanwhile, or has nothing left to prove itself with.
        ReadAsync(text, payload => payload.ClientId == client.Id && (!payload.IsProven || client.IsProven), cancellationToken);

    /// <summary>
    /// Whose a token is that is brought to a registry instead of the authority, which does not renew it; null when it is not good there. A program that
    /// proved itself would have to again, and of an outside provider's people the provider is asked at each renewal: neither can be done there.
    /// </summary>
    public async Task<SignedIn?> FindAtRegistryAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            var family = await ReadAsync(text, payload => !payload.IsProven, cancellationToken);
            return family.Principal.Issuer is null ? new SignedIn(Principal.Of(family.Principal), null, 0) { Until = family.Grant.ExpiresAt } : null;
        }
        catch (AuthorityException)
        {
            return null;
        }
    }

    /// <summary>The next token of a family.</summary>
    /// <exception cref="AuthorityException">The family was ended meanwhile.</exception>
    public async Task<string> RenewAsync(RefreshFamily of, Client client, CancellationToken cancellationToken)
    {
        var next = NextOf(of.Payload, of.Token);
        if (of.IsRepeated) return $"{of.Code}.{next}";

        var payload = of.Payload with { Previous = of.Payload.Current, Current = HashOf(next), RenewedAt = time.GetUtcNow().ToUnixTimeMilliseconds() };
        if (await grants.ReplaceGrantAsync(of.Grant with { Payload = Write(payload), ExpiresAt = EndOf(payload) }, cancellationToken)) return $"{of.Code}.{next}";

        // Another one brought the same token at this moment, or ended the family.
        return await RenewAsync(await ReadAsync($"{of.Code}.{of.Token}", client, cancellationToken), client, cancellationToken);
    }

    /// <summary>Ends a family: none of its tokens is good from then on.</summary>
    public Task EndAsync(string family, CancellationToken cancellationToken) =>
        grants.TakeGrantAsync(Kind, OpaqueCode.HashOf(Kind, family), cancellationToken);

    private async Task<RefreshFamily> ReadAsync(string text, Predicate<RefreshPayload> fits, CancellationToken cancellationToken)
    {
        if (text.Split('.') is not [var family, var token]) throw Refused();
        var grant = await grants.FindGrantAsync(Kind, OpaqueCode.HashOf(Kind, family), cancellationToken);
        if (grant is null) throw Refused();

        var payload = JsonSerializer.Deserialize(grant.Payload, GrantPayloads.Default.RefreshPayload)!;
        if (!fits(payload)) throw Refused();
        var hash = HashOf(token);
        var isRepeated = IsSame(payload.Previous, hash) && MayRepeat(payload);
        if ((isRepeated || IsSame(payload.Current, hash)) && await people.FindAsync(payload.PrincipalId, payload.Epoch, cancellationToken) is { } person)
            return new RefreshFamily(family, token, isRepeated, grant, payload, person);
        await EndAsync(family, cancellationToken);
        throw Refused();
    }

    private DateTimeOffset EndOf(RefreshPayload payload)
    {
        var last = DateTimeOffset.FromUnixTimeMilliseconds(payload.StartedAt) + options.LongestSignIn;
        var usual = time.GetUtcNow() + options.RefreshGrantLifetime;
        return usual < last ? usual : last;
    }

    private bool MayRepeat(RefreshPayload payload) =>
        time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(payload.RenewedAt) < options.RefreshReuseGrace;

    private static bool IsSame(string? known, string hash) =>
        known is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(known), Encoding.ASCII.GetBytes(hash));

    private static string NextOf(RefreshPayload payload, string token) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(payload.Seed, Encoding.UTF8.GetBytes(token)));

    private static string Write(RefreshPayload payload) => JsonSerializer.Serialize(payload, GrantPayloads.Default.RefreshPayload);

    private static string HashOf(string token) => Convert.ToHexStringLower(OpaqueCode.HashOf("refresh token", token));

    private static AuthorityException Refused() => AuthorityException.BadGrant(
        70008, "The refresh token is unknown, expired, used before or another program's, or its account was changed; sign in again (az login, berth login).");
}

/// <summary>A family of refresh tokens one of whose good ones was brought.</summary>
/// <param name="Code">The family's code.</param>
/// <param name="Token">The token without it.</param>
/// <param name="IsRepeated">Whether the token was used a moment ago.</param>
/// <param name="Grant">Its row.</param>
/// <param name="Payload">What it stands for.</param>
/// <param name="Principal">The person as of now.</param>
internal sealed record RefreshFamily(string Code, string Token, bool IsRepeated, GrantRecord Grant, RefreshPayload Payload, PrincipalRecord Principal);
