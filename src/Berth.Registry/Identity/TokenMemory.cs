using System.Collections.Concurrent;

namespace Berth.Registry.Identity;

/// <summary>
/// Tokens whose signature was found good, so that it is checked once for all requests that bring them. A token is known only by its HMAC under a key of
/// this process, and belongs to one registry; one that was refused is never remembered.
/// </summary>
internal sealed class TokenMemory(TimeProvider time)
{
    private const int MaxEntries = 10_000;

    private readonly ConcurrentDictionary<(CredentialKey Key, long RegistryId), Entry> _entries = new();

    /// <summary>The token, if it was found good before and is good now.</summary>
    public SignedIn? Find(CredentialKey key, long registryId)
    {
        var now = time.GetUtcNow();
        return _entries.TryGetValue((key, registryId), out var entry) && entry.From <= now && now < entry.Until ? entry.SignedIn : null;
    }

    /// <summary>Remembers a token until it ends.</summary>
    public SignedIn Remember(CredentialKey key, long registryId, AccessToken token)
    {
        var signedIn = new SignedIn(token.Principal, token.Scopes);
        if (_entries.Count >= MaxEntries) ForgetEnded();
        if (_entries.Count < MaxEntries) _entries[(key, registryId)] = new Entry(signedIn, token.From, token.Until);
        return signedIn;
    }

    private void ForgetEnded()
    {
        var now = time.GetUtcNow();
        foreach (var (key, entry) in _entries)
        {
            if (entry.Until <= now) _entries.TryRemove(key, out _);
        }
    }

    private sealed record Entry(SignedIn SignedIn, DateTimeOffset From, DateTimeOffset Until);
}
