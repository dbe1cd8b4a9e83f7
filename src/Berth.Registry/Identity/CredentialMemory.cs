using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Berth.Registry.Identity;

/// <summary>
/// Remembers verified credentials for a short while, so that a slow hash is not computed for every request of a client. A credential
/// is known only by its HMAC under a key of this process; a failure is never remembered.
/// </summary>
internal sealed class CredentialMemory(TimeSpan duration, TimeProvider time)
{
    /// <summary>The longest memory there may be, whatever is configured.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private const int MaxEntries = 10_000;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly TimeSpan _duration = duration < Longest ? duration : Longest;
    private readonly ConcurrentDictionary<CredentialKey, (Principal Principal, long Until)> _entries = new();

    /// <summary>What an Authorization header is remembered under.</summary>
    public CredentialKey KeyOf(string header)
    {
        Span<byte> text = stackalloc byte[512];
        Span<byte> mac = stackalloc byte[32];
        var bytes = Encoding.UTF8.TryGetBytes(header, text, out var length) ? text[..length] : Encoding.UTF8.GetBytes(header);
        HMACSHA256.HashData(_key, bytes, mac);
        return new CredentialKey(BitConverter.ToUInt128(mac), BitConverter.ToUInt128(mac[16..]));
    }

    /// <summary>The principal that this credential was verified for, or null.</summary>
    public Principal? Find(CredentialKey key)
    {
        return _entries.TryGetValue(key, out var entry) && entry.Until > time.GetTimestamp() ? entry.Principal : null;
    }

    /// <summary>
    /// Whether this credential was good when it was last verified, however long ago that is. It grants nothing: it only says whom a flood of
    /// wrong ones must not hold up.
    /// </summary>
    public bool WasGood(CredentialKey key) => _entries.ContainsKey(key);

    /// <summary>Remembers a verified credential.</summary>
    public void Remember(CredentialKey key, Principal principal)
    {
        if (_entries.Count >= MaxEntries) ForgetExpired();
        if (_entries.Count >= MaxEntries) return;
        _entries[key] = (principal, time.GetTimestamp() + (long)(_duration.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>Forgets one credential: it is good no more.</summary>
    public void Forget(CredentialKey key) => _entries.TryRemove(key, out _);

    private void ForgetExpired()
    {
        var now = time.GetTimestamp();
        foreach (var (key, entry) in _entries)
        {
            if (entry.Until <= now) _entries.TryRemove(key, out _);
        }
    }
}

/// <summary>The HMAC of a credential under a key of this process.</summary>
internal readonly record struct CredentialKey(UInt128 High, UInt128 Low);
