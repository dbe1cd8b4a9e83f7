using System.Security.Cryptography;

namespace Berth.Registry.Identity.Federation;

/// <summary>How an assertion is signed (RFC 7518, 3.1); what is not listed is not taken, the algorithms with shared keys and <c>none</c> above all.</summary>
/// <param name="Name">The header's <c>alg</c>.</param>
/// <param name="Hash">What is signed is this hash.</param>
/// <param name="Padding">RSA's padding; null for an elliptic curve.</param>
/// <param name="Curve">The curve's name in keys; null for RSA.</param>
internal sealed record AssertionAlgorithm(string Name, HashAlgorithmName Hash, RSASignaturePadding? Padding, string? Curve)
{
    private static readonly AssertionAlgorithm[] All =
    [
        new("RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, null),
        new("RS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, null),
        new("RS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, null),
        new("PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss, null),
        new("PS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pss, null),
        new("PS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pss, null),
        new("ES256", HashAlgorithmName.SHA256, null, "P-256"),
        new("ES384", HashAlgorithmName.SHA384, null, "P-384"),
        new("ES512", HashAlgorithmName.SHA512, null, "P-521"),
    ];

    /// <summary>The algorithm of a name, or null.</summary>
    public static AssertionAlgorithm? Find(string? name) => Array.Find(All, algorithm => algorithm.Name == name);
}
