using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Berth.Registry.Identity.Authority;

/// <summary>Random codes that mean something to the authority alone, which keeps their hashes.</summary>
internal static class OpaqueCode
{
    private const int Bytes = 32;

    /// <summary>A new code: 256 random bits in 43 characters.</summary>
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>What a code of a kind is kept as.</summary>
    public static byte[] HashOf(string kind, string code) => SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{code}"));
}
