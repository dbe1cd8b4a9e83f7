using System.Security.Cryptography;
using Berth.Metadata;

namespace Berth.Registry.Distribution;

/// <summary>
/// The keys that links to data endpoints are signed with (HMAC-SHA-256), shared by all nodes. One signs for <see cref="Lifetime"/>; the next is there for a minute
/// before it signs, so that every node knows it by then.
/// </summary>
internal sealed class LinkKeys(ISigningKeys rows, TimeProvider time) : IDisposable
{
    /// <summary>How long a key signs.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private const string Issuer = "links";
    private const int KeyBytes = 32;

    // No link lives longer; a key that has not signed for so long verifies nothing that is still good.
    private static readonly TimeSpan LongestLink = TimeSpan.FromDays(1);
    private static readonly TimeSpan Publication = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestReload = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _loading = new(1);
    private volatile Loaded? _loaded;

    /// <summary>What new links are signed with; null while there is none, and no room to keep one.</summary>
    public async ValueTask<SigningKeyRecord?> FindCurrentAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<SigningKeyRecord> keys;
        try
        {
            keys = (await LoadAsync(Publication, mayMake: true, cancellationToken)).Keys;
        }
        catch (MetadataFullException)
        {
            return null;
        }

        var now = time.GetUtcNow();

        // A clock that was set back may find none active yet.
        return keys.LastOrDefault(key => key.ActiveFrom <= now) ?? keys[0];
    }

    /// <summary>The key that a link names; null for one that there is not.</summary>
    public async ValueTask<SigningKeyRecord?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(Publication, mayMake: false, cancellationToken);

        // Another node may have made it since; strangers' links do not make this one look more than once a second.
        return loaded.Find(id) ?? (await LoadAsync(ShortestReload, mayMake: false, cancellationToken)).Find(id);
    }

    /// <inheritdoc/>
    public void Dispose() => _loading.Dispose();

    private async ValueTask<Loaded> LoadAsync(TimeSpan oldest, bool mayMake, CancellationToken cancellationToken)
    {
        if (Known() is { } known) return known;
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (Known() is { } meanwhile) return meanwhile;
            var keys = await rows.ListSigningKeysAsync(Issuer, cancellationToken);
            if (mayMake && IsDue(keys)) keys = await RenewAsync(keys, cancellationToken);
            return _loaded = new Loaded(time.GetTimestamp(), keys);
        }
        finally
        {
            _loading.Release();
        }

        Loaded? Known() => _loaded is { } loaded && time.GetElapsedTime(loaded.At) < oldest && (!mayMake || loaded.Keys.Count > 0) ? loaded : null;
    }

    private async Task<IReadOnlyList<SigningKeyRecord>> RenewAsync(IReadOnlyList<SigningKeyRecord> keys, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var made = new SigningKeyRecord(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), Issuer, RandomNumberGenerator.GetBytes(KeyBytes), now, keys.Count == 0 ? now : now + Publication);
        try
        {
            await rows.AddSigningKeyAsync(made, now - Lifetime - LongestLink, cancellationToken);
            return await rows.ListSigningKeysAsync(Issuer, cancellationToken);
        }
        catch (Exception e) when (keys.Count > 0 && e is MetadataFullException or MetadataUnavailableException)
        {
            // The keys there are go on: a volume without room must not end pulls.
            return keys;
        }
    }

    private bool IsDue(IReadOnlyList<SigningKeyRecord> keys) => keys.Count == 0 || keys.Max(key => key.CreatedAt) + Lifetime <= time.GetUtcNow();

    private sealed record Loaded(long At, IReadOnlyList<SigningKeyRecord> Keys)
    {
        public SigningKeyRecord? Find(string id) => Keys.FirstOrDefault(key => key.Id == id);
    }
}
