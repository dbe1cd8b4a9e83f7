using System.Buffers;
using System.Security.Cryptography;

namespace Berth.Oci;

/// <summary>
/// A content digest, <c>sha256:&lt;64 hex&gt;</c> or <c>sha512:&lt;128 hex&gt;</c> in lower case (OCI image spec, descriptor.md,
/// "Digests"). Two digests of different algorithms are different, whatever content they stand for.
/// </summary>
public readonly struct Digest : IEquatable<Digest>, IComparable<Digest>
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly string? _hex;

    private Digest(DigestAlgorithm algorithm, string hex)
    {
        Algorithm = algorithm;
        _hex = hex;
    }

    /// <summary>The algorithm before the colon.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>The lower-case hexadecimal digits after the colon.</summary>
    public string Hex => _hex ?? throw new InvalidOperationException("A default Digest has no value.");

    /// <summary>True for <c>default(Digest)</c>, which stands for no digest.</summary>
    public bool IsDefault => _hex is null;

    /// <summary>Reads a digest; false for anything but the exact lower-case form of a supported algorithm.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Digest digest)
    {
        digest = default;
        var colon = text.IndexOf(':');
        if (colon < 0 || !DigestAlgorithms.TryParse(text[..colon], out var algorithm)) return false;

        var hex = text[(colon + 1)..];
        if (hex.Length != algorithm.HashLength() * 2 || hex.ContainsAnyExcept(LowerHex)) return false;

        digest = new Digest(algorithm, hex.ToString());
        return true;
    }

    /// <summary>Reads a digest that is known to be well formed.</summary>
    /// <exception cref="FormatException">The text is not a digest.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a sha256 or sha512 digest.");

    /// <summary>Makes a digest of a finished hash.</summary>
    public static Digest FromHash(DigestAlgorithm algorithm, ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, algorithm.HashLength());
        return new Digest(algorithm, Convert.ToHexStringLower(hash));
    }

    /// <summary>Hashes content.</summary>
    public static Digest Compute(DigestAlgorithm algorithm, ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[64];
        var length = algorithm == DigestAlgorithm.Sha512 ? SHA512.HashData(content, hash) : SHA256.HashData(content, hash);
        return FromHash(algorithm, hash[..length]);
    }

    /// <summary>Reads the stored form, one byte of algorithm and the hash; see <see cref="ToBytes"/>.</summary>
    /// <exception cref="FormatException">The bytes are not a stored digest, so what they were read from is damaged.</exception>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || !Enum.IsDefined((DigestAlgorithm)bytes[0]) || bytes.Length != 1 + ((DigestAlgorithm)bytes[0]).HashLength())
            throw new FormatException($"{bytes.Length} bytes that start with {(bytes.IsEmpty ? 0 : bytes[0])} are not a stored digest.");
        return FromHash((DigestAlgorithm)bytes[0], bytes[1..]);
    }

    /// <summary>The stored form: one byte of <see cref="DigestAlgorithm"/>, then the hash. Its byte order is the order of the text.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[1 + Algorithm.HashLength()];
        bytes[0] = (byte)Algorithm;
        Convert.FromHexString(Hex, bytes.AsSpan(1), out _, out _);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(Digest other) => Algorithm == other.Algorithm && string.Equals(_hex, other._hex, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _hex is null ? 0 : string.GetHashCode(_hex, StringComparison.Ordinal);

    /// <inheritdoc/>
    public int CompareTo(Digest other)
    {
        var order = Algorithm.CompareTo(other.Algorithm);
        return order != 0 ? order : string.CompareOrdinal(_hex, other._hex);
    }

    /// <summary>The digest as it is written: algorithm, colon, hex.</summary>
    public override string ToString() => _hex is null ? "" : $"{Algorithm.Name()}:{_hex}";

    /// <summary>Equality of algorithm and hash.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    /// <summary>Inequality of algorithm or hash.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);

    /// <summary>Order by algorithm, then hash.</summary>
    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;

    /// <summary>Order by algorithm, then hash.</summary>
    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;

    /// <summary>Order by algorithm, then hash.</summary>
    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;

    /// <summary>Order by algorithm, then hash.</summary>
    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;
}
