using System.Security.Cryptography;
using Berth.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Identity;

/// <summary>
/// The keys that one issuer signs its tokens with: RSA, 2,048 bits, for RS256, which every client of the protocols here can verify. A new key is
/// published for <see cref="Publication"/> before its first use, so that every node and every client that keeps keys for a while knows it by then.
/// </summary>
internal sealed partial class SigningKeys(string issuer, ISigningKeys rows, IdentityOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>The issuer of registry tokens.</summary>
    public const string Registry = "registry";

    /// <summary>The issuer of the authority's tokens.</summary>
    public const string Authority = "authority";

    /// <summary>How long a key stands before it signs, and how long a node goes without looking for new ones.</summary>
    public static readonly TimeSpan Publication = TimeSpan.FromMinutes(1);

    // No token lives longer; a key that has not signed for so long verifies nothing that is still good.
    private static readonly TimeSpan LongestTokenLifetime = TimeSpan.FromDays(1);
    private static readonly TimeSpan ShortestReload = TimeSpan.FromSeconds(1);

    // Of an installation's first minute: so many looks at once, and so many a second.
    private const int FirstLooks = 4;

    private readonly SemaphoreSlim _loading = new(1);
    private volatile Loaded? _loaded;
    private long _earliestLook;

    /// <summary>What new tokens are signed with.</summary>
    public async ValueTask<SigningCredentials> CurrentAsync(CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(cancellationToken);
        return loaded.CurrentAt(time.GetUtcNow());
    }

    /// <summary>The public halves of all keys, for the issuer's key set.</summary>
    public async ValueTask<IReadOnlyList<RsaSecurityKey>> ListAsync(CancellationToken cancellationToken) => (await LoadAsync(cancellationToken)).Keys;

    /// <summary>The key that a token names; null for one that there is not.</summary>
    public async ValueTask<SecurityKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(cancellationToken);
        return loaded.Find(id) ?? (IsOld(loaded) ? await LookForAsync(id, cancellationToken) : null);
    }

    /// <inheritdoc/>
    public void Dispose() => _loading.Dispose();

    private async ValueTask<Loaded> LoadAsync(CancellationToken cancellationToken)
    {
        if (_loaded is { } known && time.GetElapsedTime(known.At) < Publication) return known;

        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_loaded is { } meanwhile && time.GetElapsedTime(meanwhile.At) < Publication) return meanwhile;
            return await ReadAsync(cancellationToken);
        }
        finally
        {
            _loading.Release();
        }
    }

    // Another node may have made the key since.
    private async ValueTask<SecurityKey?> LookForAsync(string id, CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            // Who waited while others looked finds what they found.
            var loaded = _loaded!;
            if (loaded.Find(id) is { } meanwhile) return meanwhile;
            return IsOld(loaded) && MayLookAt(time.GetTimestamp()) ? (await ReadAsync(cancellationToken)).Find(id) : null;
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<Loaded> ReadAsync(CancellationToken cancellationToken)
    {
        var keys = await rows.ListSigningKeysAsync(issuer, cancellationToken);
        if (IsDue(keys)) keys = await RenewAsync(keys, cancellationToken);
        return _loaded = new Loaded(time.GetTimestamp(), keys, _loaded);
    }

    // Strangers' tokens do not make a node look more than once a second. In an installation's first minute keys sign at once, and several nodes may have made one each
    // at the same moment: what was read an instant ago is old then.
    private bool IsOld(Loaded loaded) => loaded.AreFirstAt(time.GetUtcNow()) || time.GetElapsedTime(loaded.At) >= ShortestReload;

    private bool MayLookAt(long now)
    {
        var turn = time.TimestampFrequency / FirstLooks;
        if (_earliestLook - now > (FirstLooks - 1) * turn) return false;
        _earliestLook = Math.Max(_earliestLook, now) + turn;
        return true;
    }

    private async Task<IReadOnlyList<SigningKeyRecord>> RenewAsync(IReadOnlyList<SigningKeyRecord> keys, CancellationToken cancellationToken)
    {
        try
        {
            await rows.AddSigningKeyAsync(Make(isFirst: keys.Count == 0), time.GetUtcNow() - options.SigningKeyLifetime - LongestTokenLifetime, cancellationToken);
            return await rows.ListSigningKeysAsync(issuer, cancellationToken);
        }
        catch (Exception e) when (keys.Count > 0 && e is MetadataFullException or MetadataUnavailableException)
        {
            // The keys there are go on; what has not been written for want of room must not end every sign-in.
            LogNotRenewed(e, issuer);
            return keys;
        }
    }

    private bool IsDue(IReadOnlyList<SigningKeyRecord> keys) =>
        keys.Count == 0 || keys.Max(key => key.CreatedAt) + options.SigningKeyLifetime <= time.GetUtcNow();

    private SigningKeyRecord Make(bool isFirst)
    {
        using var rsa = RSA.Create(2048);
        var now = time.GetUtcNow();
        return new SigningKeyRecord(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), issuer, rsa.ExportPkcs8PrivateKey(), now, isFirst ? now : now + Publication);
    }

    /// <summary>Keys as they were read at one time.</summary>
    private sealed class Loaded
    {
        private readonly List<(DateTimeOffset ActiveFrom, SigningCredentials Credentials)> _keys = [];

        public Loaded(long at, IReadOnlyList<SigningKeyRecord> records, Loaded? before)
        {
            At = at;
            foreach (var record in records) _keys.Add((record.ActiveFrom, before?.CredentialsOf(record.Id) ?? Read(record)));
        }

        public long At { get; }

        public IReadOnlyList<RsaSecurityKey> Keys => [.. _keys.Select(key => (RsaSecurityKey)key.Credentials.Key)];

        // A clock that was set back may find none active yet.
        public SigningCredentials CurrentAt(DateTimeOffset now) => _keys.LastOrDefault(key => key.ActiveFrom <= now).Credentials ?? _keys[0].Credentials;

        // None has stood for so long that every node knows it.
        public bool AreFirstAt(DateTimeOffset now) => _keys.TrueForAll(key => key.ActiveFrom > now - Publication);

        public SecurityKey? Find(string id) => CredentialsOf(id)?.Key;

        private SigningCredentials? CredentialsOf(string id) => _keys.FirstOrDefault(key => key.Credentials.Key.KeyId == id).Credentials;

        private static SigningCredentials Read(SigningKeyRecord record)
        {
            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(record.PrivateKey, out _);
            return new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = record.Id }, SecurityAlgorithms.RsaSha256);
        }
    }
}
