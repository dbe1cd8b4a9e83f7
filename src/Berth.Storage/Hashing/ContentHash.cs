using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Berth.Oci;

namespace Berth.Storage.Hashing;

/// <summary>
/// Hashes content as it comes, SHA-256 or SHA-512, and can put its state aside so that an upload goes on after a restart without
/// reading its bytes again. Not for concurrent use.
/// </summary>
public sealed class ContentHash : IDisposable
{
    // Stored: format and byte order, algorithm, the library's version, the bytes hashed, the library's context.
    private const int HeaderLength = 2 + sizeof(ulong) + sizeof(long);

    private static readonly byte Format = (byte)(BitConverter.IsLittleEndian ? 1 : 2);

    private readonly byte[]? _context;
    private readonly IncrementalHash? _fallback;
    private bool _finished;

    private ContentHash(DigestAlgorithm algorithm, byte[]? context, long length)
    {
        Algorithm = algorithm;
        Length = length;
        _context = context;
        if (context is null)
            _fallback = IncrementalHash.CreateHash(algorithm == DigestAlgorithm.Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);
    }

    /// <summary>Whether states can be put aside here: the system has a libcrypto whose contexts can be copied.</summary>
    public static bool CanSaveState => LibCrypto.Instance is not null;

    /// <summary>The algorithm.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>How many bytes were hashed, those before a restored state included.</summary>
    public long Length { get; private set; }

    /// <summary>A hash of nothing yet.</summary>
    public static ContentHash Create(DigestAlgorithm algorithm)
    {
        Require(algorithm);
        if (LibCrypto.Instance is not { } library) return CreateFallback(algorithm);

        var context = new byte[ShaContext.LengthOf(algorithm)];
        library.Init(algorithm, context);
        return new ContentHash(algorithm, context, 0);
    }

    /// <summary>
    /// A hash that goes on where <see cref="SaveState"/> stopped. Null when the state is of another algorithm, another version of the library
    /// or this code, or is damaged: then the bytes are to be read again. The caller compares <see cref="Length"/> with its own offset.
    /// </summary>
    public static ContentHash? TryRestore(DigestAlgorithm algorithm, ReadOnlySpan<byte> state)
    {
        Require(algorithm);
        if (LibCrypto.Instance is not { } library || state.Length != HeaderLength + ShaContext.LengthOf(algorithm)) return null;
        if (state[0] != Format || state[1] != (byte)algorithm || BinaryPrimitives.ReadUInt64LittleEndian(state[2..]) != library.Version) return null;

        var length = BinaryPrimitives.ReadInt64LittleEndian(state[10..]);
        var context = state[HeaderLength..];
        return ShaContext.IsSound(algorithm, context, length) ? new ContentHash(algorithm, context.ToArray(), length) : null;
    }

    /// <summary>Goes on with these bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        if (_context is not null) LibCrypto.Instance!.Update(Algorithm, _context, bytes);
        else _fallback!.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Goes on with these bytes.</summary>
    public void Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes) Append(segment.Span);
    }

    /// <summary>The state after <see cref="Length"/> bytes, for <see cref="TryRestore"/>; null when it cannot be exported here.</summary>
    public byte[]? SaveState()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        if (_context is null) return null;

        var state = new byte[HeaderLength + _context.Length];
        state[0] = Format;
        state[1] = (byte)Algorithm;
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(2), LibCrypto.Instance!.Version);
        BinaryPrimitives.WriteInt64LittleEndian(state.AsSpan(10), Length);
        _context.CopyTo(state, HeaderLength);
        return state;
    }

    /// <summary>The digest of everything appended so far. The hash can go on.</summary>
    public Digest Peek()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        Span<byte> hash = stackalloc byte[64];
        hash = hash[..Algorithm.HashLength()];
        if (_context is not null) LibCrypto.Instance!.Final(Algorithm, _context.AsSpan().ToArray(), hash);
        else _fallback!.GetCurrentHash(hash);
        return Digest.FromHash(Algorithm, hash);
    }

    /// <summary>The digest of everything appended. The hash is used up afterwards.</summary>
    public Digest Finish()
    {
        var digest = Peek();
        _finished = true;
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _finished = true;
        _fallback?.Dispose();
    }

    /// <summary>A hash by the platform's own means, whose state cannot be exported.</summary>
    internal static ContentHash CreateFallback(DigestAlgorithm algorithm) => new(algorithm, null, 0);

    private static void Require(DigestAlgorithm algorithm)
    {
        if (algorithm is not (DigestAlgorithm.Sha256 or DigestAlgorithm.Sha512))
            throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not a supported digest algorithm.");
    }
}
