using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Sign-ins of devices without a browser (RFC 8628). The device has a long code, its user types a short one; 20^8 short codes, ten wrong ones from an
/// address, and 15 minutes leave nothing to guess.
/// </summary>
internal sealed class DeviceGrants(IGrants grants, PersonProofs people, TimeProvider time)
{
    /// <summary>How long a device waits for its user.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>How long a device waits between two questions.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const string Kind = "device";
    private const string AliasKind = "user code";
    private const string Pending = "pending";
    private const string Approved = "approved";
    private const string Denied = "denied";

    // No vowels, so no words, and nothing that is mistaken for something else (RFC 8628, 6.1).
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";
    private const int UserCodeLength = 8;

    // A device's clock and the network are not exact.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly AttemptLimit _starts = new(300, TimeSpan.FromMinutes(15), time);
    private readonly AttemptLimit _wrongCodes = new(10, TimeSpan.FromMinutes(15), time);

    /// <summary>Begins a sign-in.</summary>
    /// <returns>The device's code and its user's.</returns>
    /// <exception cref="AuthorityException">The address began too many.</exception>
    public async Task<(string DeviceCode, string UserCode)> StartAsync(DevicePayload payload, IPAddress? address, CancellationToken cancellationToken)
    {
        if (!_starts.TryTake(address)) throw TooMany("Too many device sign-ins were begun from this address; try again later.");
        while (true)
        {
            var (device, user) = (OpaqueCode.Create(), RandomNumberGenerator.GetString(Letters, UserCodeLength));
            var grant = new GrantRecord(
                Kind, OpaqueCode.HashOf(Kind, device), OpaqueCode.HashOf(AliasKind, user), Pending, Write(payload), 0, time.GetUtcNow() + Lifetime);
            if (await grants.AddGrantAsync(grant, cancellationToken)) return (device, $"{user[..4]}-{user[4..]}");
        }
    }

    /// <summary>The outcome that a device asks for: who let it in.</summary>
    /// <exception cref="AuthorityException">Nobody has yet, or nobody will.</exception>
    public async Task<(PrincipalRecord Person, DevicePayload Payload)> RedeemAsync(string deviceCode, Client client, CancellationToken cancellationToken)
    {
        var hash = OpaqueCode.HashOf(Kind, deviceCode);
        var grant = await grants.FindGrantAsync(Kind, hash, cancellationToken) ?? throw Expired();
        if (Read(grant) is var asked && (asked.ClientId != client.Id || (asked.IsProven && !client.IsProven))) throw AuthorityException.BadGrant(70000, "The device code is another program's.");
        if (grant.State == Pending) throw await CountPollAsync(grant, cancellationToken);

        // Of several that ask at once, one gets it.
        var taken = await grants.TakeGrantAsync(Kind, hash, cancellationToken) ?? throw Expired();
        if (taken.State == Denied) throw new AuthorityException("access_denied", 70017, "The person said no.");
        var payload = Read(taken);
        return await people.FindAsync(payload.PrincipalId, payload.Epoch, cancellationToken) is { } person
            ? (person, payload)
            : throw AuthorityException.BadGrant(50057, "The account that let this device in was changed or disabled meanwhile.");
    }

    /// <summary>What waits for a user's code; null when nothing does.</summary>
    /// <exception cref="AuthorityException">Too many wrong codes came from the address.</exception>
    public async Task<DevicePayload?> FindPendingAsync(string userCode, IPAddress? address, CancellationToken cancellationToken)
    {
        if (!_wrongCodes.TryTake(address))
            throw TooMany($"Too many wrong codes came from this address; try again in {_wrongCodes.Span.TotalMinutes:0} minutes.");
        if (await FindAsync(userCode, cancellationToken) is not { } grant) return null;
        _wrongCodes.GiveBack(address);
        return Read(grant);
    }

    /// <summary>Lets the device in for a person who signed in here or with the outside provider, or says no to it for null; false when it does not wait any more.</summary>
    public async Task<bool> DecideAsync(string userCode, PrincipalRecord? person, OutsideSession? outside, CancellationToken cancellationToken)
    {
        // The device asks meanwhile, which changes the row, too.
        while (await FindAsync(userCode, cancellationToken) is { } grant)
        {
            var payload = person is null ? Read(grant) : Read(grant) with { PrincipalId = person.Id, Epoch = person.Epoch, Outside = outside };
            var decided = grant with { State = person is null ? Denied : Approved, Payload = Write(payload) };
            if (await grants.ReplaceGrantAsync(decided, cancellationToken)) return true;
        }

        return false;
    }

    private async Task<GrantRecord?> FindAsync(string userCode, CancellationToken cancellationToken)
    {
        var code = userCode.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        if (code.Length != UserCodeLength) return null;
        return await grants.FindGrantByAliasAsync(Kind, OpaqueCode.HashOf(AliasKind, code), cancellationToken) is { State: Pending } grant ? grant : null;
    }

    private async Task<AuthorityException> CountPollAsync(GrantRecord grant, CancellationToken cancellationToken)
    {
        var payload = Read(grant);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (now - payload.PolledAt < (Interval - Tolerance).TotalMilliseconds)
            return new AuthorityException("slow_down", 0, $"Ask every {Interval.TotalSeconds:0} seconds at most.");

        // When it has been decided at this very moment, the next question finds that.
        await grants.ReplaceGrantAsync(grant with { Payload = Write(payload with { PolledAt = now }) }, cancellationToken);
        return new AuthorityException("authorization_pending", 70016, "The person has not entered the code yet; go on asking.");
    }

    private static string Write(DevicePayload payload) => JsonSerializer.Serialize(payload, GrantPayloads.Default.DevicePayload);

    private static DevicePayload Read(GrantRecord grant) => JsonSerializer.Deserialize(grant.Payload, GrantPayloads.Default.DevicePayload)!;

    private static AuthorityException Expired() => new("expired_token", 70020, "The device code is unknown, used or expired; begin again.");

    private static AuthorityException TooMany(string message) => new("temporarily_unavailable", 0, message, 429);
}
