using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>
/// Protects secrets that must be shown again (AES-256-GCM), under a key that is a row of its own: a column of credentials alone, in an export or a log, says
/// nothing. Who has the whole database has both (docs/decisions/0017-admin-passwords.md).
/// </summary>
internal sealed class SecretProtection(ISigningKeys rows, TimeProvider time)
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>A secret made unreadable; it belongs to the purpose, and is read back for no other.</summary>
    public async Task<byte[]> ProtectAsync(string secret, string purpose, CancellationToken cancellationToken)
    {
        var keys = await ListAsync(cancellationToken);
        if (keys.Count == 0)
        {
            var now = time.GetUtcNow();
            var made = new SigningKeyRecord(
                Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), ISigningKeys.Protection, RandomNumberGenerator.GetBytes(KeyBytes), now, now);
            await rows.AddSigningKeyAsync(made, DateTimeOffset.UnixEpoch, cancellationToken);
            keys = await ListAsync(cancellationToken);
        }

        var text = Encoding.UTF8.GetBytes(secret);
        var result = new byte[NonceBytes + TagBytes + text.Length];
        RandomNumberGenerator.Fill(result.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(keys[0].PrivateKey, TagBytes);
        aes.Encrypt(
            result.AsSpan(0, NonceBytes), text, result.AsSpan(NonceBytes + TagBytes), result.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(purpose));
        return result;
    }

    /// <summary>The secret, or null when it was protected for something else or under a key that is gone.</summary>
    public async Task<string?> UnprotectAsync(byte[] secret, string purpose, CancellationToken cancellationToken)
    {
        if (secret.Length < NonceBytes + TagBytes) return null;

        // Two nodes may have made a key each at the same time.
        foreach (var key in await ListAsync(cancellationToken))
        {
            var text = new byte[secret.Length - NonceBytes - TagBytes];
            using var aes = new AesGcm(key.PrivateKey, TagBytes);
            try
            {
                aes.Decrypt(
                    secret.AsSpan(0, NonceBytes), secret.AsSpan(NonceBytes + TagBytes), secret.AsSpan(NonceBytes, TagBytes), text, Encoding.UTF8.GetBytes(purpose));
                return Encoding.UTF8.GetString(text);
            }
            catch (AuthenticationTagMismatchException)
            {
                // The next key's, then.
            }
        }

        return null;
    }

    private ValueTask<IReadOnlyList<SigningKeyRecord>> ListAsync(CancellationToken cancellationToken) => rows.ListSigningKeysAsync(ISigningKeys.Protection, cancellationToken);
}
