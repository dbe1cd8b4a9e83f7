using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Berth.Registry.Identity.Federation;

/// <summary>A public key that an issuer signs with (a JWK, RFC 7517).</summary>
internal sealed class IssuerKey
{
    // No assertion may take long to verify, nor be signed with a key that can be broken.
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 8192;
    private const int MaxExponentBytes = 4;

    private readonly RSAParameters? _rsa;
    private readonly ECParameters? _curvePoint;
    private readonly string? _curve;
    private readonly string? _algorithm;

    private IssuerKey(string? id, string? algorithm, RSAParameters rsa) => (Id, _algorithm, _rsa) = (id, algorithm, rsa);

    private IssuerKey(string? id, string? algorithm, ECParameters point, string curve) => (Id, _algorithm, _curvePoint, _curve) = (id, algorithm, point, curve);

    /// <summary>Its <c>kid</c>; null for none.</summary>
    public string? Id { get; }

    /// <summary>Reads a key; null for one that verifies nothing here: of another kind, for another use, too weak, or broken.</summary>
    public static IssuerKey? TryRead(JsonElement key)
    {
        try
        {
            if (Text(key, "use") is { } use && use != "sig") return null;
            if (key.TryGetProperty("key_ops", out var operations) && !operations.EnumerateArray().Any(operation => operation.GetString() == "verify")) return null;
            return Text(key, "kty") switch
            {
                "RSA" => TryReadRsa(key),
                "EC" => TryReadCurve(key),
                _ => null,
            };
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether the key may sign with the algorithm.</summary>
    public bool Fits(AssertionAlgorithm algorithm) => (_algorithm is null || _algorithm == algorithm.Name) && _curve == algorithm.Curve;

    /// <summary>Whether the key made the signature.</summary>
    public bool Verifies(AssertionAlgorithm algorithm, byte[] signed, byte[] signature)
    {
        if (!Fits(algorithm)) return false;
        if (_rsa is { } parameters)
        {
            using var rsa = RSA.Create(parameters);
            return rsa.VerifyData(signed, signature, algorithm.Hash, algorithm.Padding!);
        }

        using var ecdsa = ECDsa.Create(_curvePoint!.Value);
        return ecdsa.VerifyData(signed, signature, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static IssuerKey? TryReadRsa(JsonElement key)
    {
        var (modulus, exponent) = (Number(key, "n"), Number(key, "e"));
        if (exponent.Length is 0 or > MaxExponentBytes || modulus.Length > MaxRsaBits / 8) return null;

        var parameters = new RSAParameters { Modulus = modulus, Exponent = exponent };
        using var rsa = RSA.Create(parameters);
        return rsa.KeySize >= MinRsaBits ? new IssuerKey(Text(key, "kid"), Text(key, "alg"), parameters) : null;
    }

    private static IssuerKey? TryReadCurve(JsonElement key)
    {
        var name = Text(key, "crv");
        ECCurve? curve = name switch
        {
            "P-256" => ECCurve.NamedCurves.nistP256,
            "P-384" => ECCurve.NamedCurves.nistP384,
            "P-521" => ECCurve.NamedCurves.nistP521,
            _ => null,
        };
        if (curve is null) return null;

        var parameters = new ECParameters { Curve = curve.Value, Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } };
        using var point = ECDsa.Create(parameters); // throws for one that is not on the curve
        return new IssuerKey(Text(key, "kid"), Text(key, "alg"), parameters, name!);
    }

    private static string? Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(Text(key, name));

    // Some issuers write a zero before a number whose first bit is set.
    private static byte[] Number(JsonElement key, string name) => Bytes(key, name).AsSpan().TrimStart((byte)0).ToArray();
}
