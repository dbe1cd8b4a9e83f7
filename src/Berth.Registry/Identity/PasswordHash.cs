using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Berth.Registry.Identity;

/// <summary>
/// The slow hash of a password, PBKDF2 with HMAC-SHA-256, in the form <c>pbkdf2-sha256$iterations$salt$hash</c> (base64).
/// 600,000 iterations: OWASP's Password Storage Cheat Sheet.
/// </summary>
public static class PasswordHash
{
    /// <summary>The longest password in UTF-8 bytes; longer ones are refused, never cut.</summary>
    public const int MaxPasswordBytes = 1024;

    private const string Scheme = "pbkdf2-sha256";
    private const int Iterations = 600_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>A hash that no password has; checked for unknown accounts, so that they cost what known ones cost.</summary>
    public static readonly string OfNoPassword = Format(Iterations, RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(HashBytes));

    /// <summary>The bytes of a text that can be a password.</summary>
    /// <exception cref="ArgumentException">It is empty or too long, or holds control characters.</exception>
    public static byte[] BytesOf(string password)
    {
        var bytes = Encoding.UTF8.GetBytes(password);
        return bytes.Length is > 0 and <= MaxPasswordBytes && !HasControls(bytes) ? bytes : throw new ArgumentException(
            $"A password must have 1 to {MaxPasswordBytes} bytes of UTF-8 and no control characters.", nameof(password));
    }

    /// <summary>Hashes a password with a new salt.</summary>
    /// <exception cref="ArgumentException">It cannot be a password.</exception>
    public static string Create(string password)
    {
        var bytes = BytesOf(password);
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Format(Iterations, salt, Rfc2898DeriveBytes.Pbkdf2(bytes, salt, Iterations, HashAlgorithmName.SHA256, HashBytes));
    }

    /// <summary>Whether the password has this hash; takes the same time for a wrong and a right one.</summary>
    public static bool Verify(string hash, ReadOnlySpan<byte> password)
    {
        if (password.Length > MaxPasswordBytes || HasControls(password)) return false;

        var parts = hash.Split('$');
        if (parts.Length != 4 || parts[0] != Scheme) return false;

        var iterations = int.Parse(parts[1], CultureInfo.InvariantCulture);
        var expected = Convert.FromBase64String(parts[3]);
        var actual = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(parts[2]), iterations, HashAlgorithmName.SHA256, expected.Length);
        return CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    // No password has them (RFC 7617, 2), and HMAC takes one that ends in NULs for the same without.
    private static bool HasControls(ReadOnlySpan<byte> password) => password.IndexOfAnyInRange((byte)0, (byte)0x1f) >= 0 || password.Contains((byte)0x7f);

    private static string Format(int iterations, byte[] salt, byte[] hash) =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
}
