using System.Collections.Concurrent;

namespace Berth.Registry.Identity;

/// <summary>
/// Tokens whose signature was found good, so that it is checked once for all requests that bring them. A token is known only by its HMAC under a key of
/// this process for one registry; one that was refused is never remembered.
/// </summary>
internal sealed class TokenMemory(TimeProvider time)
{
    // One that was forgotten costs its next request a check of its signature.
    private const int MaxEntries = 4_000;
    private const int ForgottenAtOnce = MaxEntries / 8;

    private readonly ConcurrentDictionary<CredentialKey, AccessToken> _entries = new();
    private int _count;

    /// <summary>The token, if it was found good before and is good now.</summary>
    public AccessToken? Find(CredentialKey key)
    {
        var now = time.GetUtcNow();
        return _entries.TryGetValue(key, out var token) && token.From - now <= TokenSigner.Lead && now < token.Until ? token : null;
    }

    /// <summary>Remembers a token until it ends.</summary>
    public void Remember(CredentialKey key, AccessToken token)
    {
        if (_entries.TryAdd(key, token) && Interlocked.Increment(ref _count) > MaxEntries) ForgetSome();
    }

    private void ForgetSome()
    {
        foreach (var key in _entries.Select(entry => entry.Key).Take(ForgottenAtOnce))
        {
            if (_entries.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }
}
