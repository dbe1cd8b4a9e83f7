using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Berth.Oci;

namespace Berth.Storage.Hashing;

/// <summary>
/// libcrypto's low-level SHA-2 contexts: plain memory of a fixed layout that may be copied, which is what makes a hash that is half done
/// storable. They use the processor's SHA instructions as the high-level interface does.
/// </summary>
internal sealed unsafe class LibCrypto
{
    /// <summary>The system's libcrypto, or null where there is none whose contexts are laid out as expected.</summary>
    public static readonly LibCrypto? Instance = Load();

    private readonly delegate* unmanaged<byte*, int> _init256;
    private readonly delegate* unmanaged<byte*, byte*, nuint, int> _update256;
    private readonly delegate* unmanaged<byte*, byte*, int> _final256;
    private readonly delegate* unmanaged<byte*, int> _init512;
    private readonly delegate* unmanaged<byte*, byte*, nuint, int> _update512;
    private readonly delegate* unmanaged<byte*, byte*, int> _final512;

    private LibCrypto(nint library)
    {
        Version = ((delegate* unmanaged<nuint>)NativeLibrary.GetExport(library, "OpenSSL_version_num"))();
        _init256 = (delegate* unmanaged<byte*, int>)NativeLibrary.GetExport(library, "SHA256_Init");
        _update256 = (delegate* unmanaged<byte*, byte*, nuint, int>)NativeLibrary.GetExport(library, "SHA256_Update");
        _final256 = (delegate* unmanaged<byte*, byte*, int>)NativeLibrary.GetExport(library, "SHA256_Final");
        _init512 = (delegate* unmanaged<byte*, int>)NativeLibrary.GetExport(library, "SHA512_Init");
        _update512 = (delegate* unmanaged<byte*, byte*, nuint, int>)NativeLibrary.GetExport(library, "SHA512_Update");
        _final512 = (delegate* unmanaged<byte*, byte*, int>)NativeLibrary.GetExport(library, "SHA512_Final");
    }

    /// <summary>The library's version number; a state is only read back by the version that wrote it.</summary>
    public ulong Version { get; }

    public void Init(DigestAlgorithm algorithm, Span<byte> context)
    {
        fixed (byte* c = context) Check(algorithm == DigestAlgorithm.Sha512 ? _init512(c) : _init256(c));
    }

    public void Update(DigestAlgorithm algorithm, Span<byte> context, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* c = context)
        fixed (byte* b = bytes)
            Check(algorithm == DigestAlgorithm.Sha512 ? _update512(c, b, (nuint)bytes.Length) : _update256(c, b, (nuint)bytes.Length));
    }

    public void Final(DigestAlgorithm algorithm, Span<byte> context, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, algorithm.HashLength());
        fixed (byte* c = context)
        fixed (byte* h = hash)
            Check(algorithm == DigestAlgorithm.Sha512 ? _final512(h, c) : _final256(h, c));
    }

    private static void Check(int result)
    {
        if (result != 1) throw new CryptographicException("libcrypto refused a SHA-2 operation.");
    }

    private static LibCrypto? Load()
    {
        foreach (var name in (ReadOnlySpan<string>)["libcrypto.so.3", "libcrypto.so.1.1"])
        {
            if (!NativeLibrary.TryLoad(name, out var library)) continue;
            try
            {
                var crypto = new LibCrypto(library);
                if (crypto.WorksAsExpected(DigestAlgorithm.Sha256) && crypto.WorksAsExpected(DigestAlgorithm.Sha512)) return crypto;
            }
            catch (EntryPointNotFoundException)
            {
                // Built without the low-level interface: the next candidate, or the platform's own hash, does the work.
            }
        }

        return null;
    }

    // A known answer, across a copy of the context in the middle of a block; spare room behind it shows a context longer than ours.
    private bool WorksAsExpected(DigestAlgorithm algorithm)
    {
        Span<byte> content = stackalloc byte[500];
        for (var i = 0; i < content.Length; i++) content[i] = (byte)(i * 7);

        var length = ShaContext.LengthOf(algorithm);
        Span<byte> first = stackalloc byte[1024];
        first.Fill(0xA5);
        Init(algorithm, first);
        Update(algorithm, first, content[..333]);
        if (first[length..].ContainsAnyExcept((byte)0xA5) || !ShaContext.IsSound(algorithm, first[..length], 333)) return false;

        Span<byte> second = stackalloc byte[1024];
        first[..length].CopyTo(second);
        Update(algorithm, second, content[333..]);
        Span<byte> hash = stackalloc byte[64];
        Final(algorithm, second, hash);
        return Digest.FromHash(algorithm, hash[..algorithm.HashLength()]) == Digest.Compute(algorithm, content);
    }
}
