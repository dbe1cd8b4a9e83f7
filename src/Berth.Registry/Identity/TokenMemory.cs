using System.Collections.Concurrent;

namespace Berth.Registry.Identity;

/// <summary>
/// Tokens whose signature was found good, so that it is checked once for all requests that bring them. A token is known only by its HMAC under a key of
/// this process, and belongs to one registry; one that was refused is never remembered.
/// </summary>
internal sealed class TokenMemory(TimeProvider time)
{
    // One that was forgotten costs its next request a check of its signature.
    private const int MaxEntries = 4_000;
    private const int ForgottenAtOnce = MaxEntries / 8;

    private readonly ConcurrentDictionary<(CredentialKey Key, long RegistryId), Entry> _entries = new();
    private int _count;

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
        if (_entries.TryAdd((key, registryId), new Entry(signedIn, token.From, token.Until)) && Interlocked.Increment(ref _count) > MaxEntries) ForgetSome();
        return signedIn;
    }

    private void ForgetSome()
    {
        foreach (var key in _entries.Select(entry => entry.Key).Take(ForgottenAtOnce))
        {
            if (_entries.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }

    private sealed record Entry(SignedIn SignedIn, DateTimeOffset From, DateTimeOffset Until);
}
