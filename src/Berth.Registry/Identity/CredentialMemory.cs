using System.Buffers.Binary;
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
    private readonly ConcurrentDictionary<CredentialKey, (Principal Principal, long Until, DateTimeOffset? End)> _entries = new();

    /// <summary>What an Authorization header for a registry is remembered under: the same credential may be another principal's elsewhere.</summary>
    public CredentialKey KeyOf(string header, long registryId)
    {
        Span<byte> text = stackalloc byte[512];
        Span<byte> mac = stackalloc byte[32];
        var needed = sizeof(long) + Encoding.UTF8.GetMaxByteCount(header.Length);
        if (needed > text.Length) text = new byte[needed];
        BinaryPrimitives.WriteInt64LittleEndian(text, registryId);
        var length = sizeof(long) + Encoding.UTF8.GetBytes(header, text[sizeof(long)..]);
        HMACSHA256.HashData(_key, text[..length], mac);
        return new CredentialKey(BitConverter.ToUInt128(mac), BitConverter.ToUInt128(mac[16..]));
    }

    /// <summary>The principal that this credential was verified for, or null.</summary>
    /// <param name="key">The credential.</param>
    /// <param name="end">When the credential ends by itself; null for never.</param>
    public Principal? Find(CredentialKey key, out DateTimeOffset? end)
    {
        var isKnown = _entries.TryGetValue(key, out var entry) && entry.Until > time.GetTimestamp();
        end = isKnown ? entry.End : null;
        return isKnown ? entry.Principal : null;
    }

    /// <summary>
    /// Whether this credential was good when it was last verified, however long ago that is. It grants nothing: it only says whom a flood of
    /// wrong ones must not hold up.
    /// </summary>
    public bool WasGood(CredentialKey key) => _entries.ContainsKey(key);

    /// <summary>Remembers a verified credential, not beyond its own end.</summary>
    public void Remember(CredentialKey key, Principal principal, DateTimeOffset? end)
    {
        var duration = end - time.GetUtcNow() is { } left && left < _duration ? left : _duration;
        if (_entries.Count >= MaxEntries) ForgetExpired();
        if (_entries.Count >= MaxEntries) return;
        _entries[key] = (principal, time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency), end);
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
