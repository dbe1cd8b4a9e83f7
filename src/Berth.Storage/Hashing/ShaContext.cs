using System.Runtime.InteropServices;
using Berth.Oci;

namespace Berth.Storage.Hashing;

/// <summary>
/// The layout of libcrypto's SHA256_CTX and SHA512_CTX: the chaining values, the count of bits, the block begun, how much of it is filled,
/// the length of the hash. It has been the same since 0.9.8.
/// </summary>
internal static class ShaContext
{
    /// <summary>The size of a context in bytes.</summary>
    public static int LengthOf(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha512 ? 216 : 112;

    /// <summary>
    /// Whether a context that was stored can be given to libcrypto: it stands where <paramref name="hashed"/> bytes lead to. A fill past the
    /// block would make the library write past the context.
    /// </summary>
    public static bool IsSound(DigestAlgorithm algorithm, ReadOnlySpan<byte> context, long hashed)
    {
        if (hashed < 0 || context.Length != LengthOf(algorithm)) return false;

        var wide = algorithm == DigestAlgorithm.Sha512;
        var (word, block) = wide ? (8, 128) : (4, 64);
        var bits = (UInt128)(ulong)hashed * 8;
        var (low, high) = wide ? (ReadWide(context[64..]), ReadWide(context[72..])) : (Read(context[32..]), Read(context[36..]));
        var counted = wide ? new UInt128(high, low) : (UInt128)(high << 32 | low);
        var tail = context[(8 * word + 2 * word + block)..];
        return counted == bits && Read(tail) == (ulong)(hashed % block) && Read(tail[4..]) == (ulong)algorithm.HashLength();
    }

    private static ulong Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<uint>(bytes);

    private static ulong ReadWide(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<ulong>(bytes);
}
