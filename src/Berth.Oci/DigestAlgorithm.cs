namespace Berth.Oci;

/// <summary>A registered digest algorithm (OCI image spec, descriptor.md, "Registered algorithms"). The values are stored.</summary>
public enum DigestAlgorithm : byte
{
    /// <summary>SHA-256, 64 hex digits; the default wherever a client names none.</summary>
    Sha256 = 1,

    /// <summary>SHA-512, 128 hex digits.</summary>
    Sha512 = 2,
}

/// <summary>The facts of each <see cref="DigestAlgorithm"/>.</summary>
public static class DigestAlgorithms
{
    /// <summary>The algorithm's name as it stands before the colon of a digest.</summary>
    public static string Name(this DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha512 ? "sha512" : "sha256";

    /// <summary>The length of the hash in bytes.</summary>
    public static int HashLength(this DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha512 ? 64 : 32;

    /// <summary>Reads an algorithm's name; false for one that is not registered or not supported.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out DigestAlgorithm algorithm)
    {
        algorithm = name is "sha512" ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256;
        return name is "sha256" or "sha512";
    }
}
