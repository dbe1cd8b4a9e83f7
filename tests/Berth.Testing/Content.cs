using System.Security.Cryptography;
using System.Text;

namespace Berth.Testing;

/// <summary>Bytes to push, and their digests; written apart from the product's own, so that neither hides the other's mistakes.</summary>
public static class Content
{
    /// <summary>Bytes that nobody has pushed before (unless there are none).</summary>
    public static byte[] Random(int size) => RandomNumberGenerator.GetBytes(size);

    /// <summary>The same bytes for the same seed.</summary>
    public static byte[] Seeded(int seed, int size)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A digest by either algorithm.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes, string algorithm = "sha256") => algorithm switch
    {
        "sha256" => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)),
        "sha512" => "sha512:" + Convert.ToHexStringLower(SHA512.HashData(bytes)),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "sha256 or sha512"),
    };

    /// <summary>A digest that no content has.</summary>
    public static string UnknownDigest(string algorithm = "sha256") => Digest(Random(32), algorithm);

    /// <summary>A short name that no other test uses.</summary>
    public static string Name() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

    /// <summary>Text as UTF-8.</summary>
    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
