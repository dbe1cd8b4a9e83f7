using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Server.Tls;

/// <summary>The installation's own certificate authority (ECDSA P-256), which issues the certificates of its listener.</summary>
internal sealed class LocalAuthority(X509Certificate2 certificate) : IDisposable
{
    /// <summary>How long the authority's certificate lasts, in years.</summary>
    public const int Years = 10;

    /// <summary>How long an issued certificate lasts.</summary>
    public static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    // Clients whose clock is a little behind must still accept a new certificate.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    /// <summary>The authority's certificate with its key.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>Makes a new authority.</summary>
    public static LocalAuthority Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName($"Berth local CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        name.AddOrganizationName("Berth");
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new LocalAuthority(request.CreateSelfSigned(now - ClockTolerance, now.AddYears(Years)));
    }

    /// <summary>Issues a certificate with a key of its own for these names.</summary>
    public X509Certificate2 Issue(CertificateNames names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names.Dns[0].Length <= 64 ? names.Dns[0] : "Berth");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(AlternativeNames(names));

        var end = Earlier(now + LeafLifetime, new DateTimeOffset(certificate.NotAfter));
        var start = Earlier(now - ClockTolerance, end);
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var issued = request.Create(certificate, start, end, serial);
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Whether this authority issued the certificate.</summary>
    public bool HasIssued(X509Certificate2 leaf)
    {
        var ours = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        var issuer = leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        return ours is { } a && issuer is { } b && a.Span.SequenceEqual(b.Span);
    }

    /// <inheritdoc/>
    public void Dispose() => certificate.Dispose();

    private static X509Extension AlternativeNames(CertificateNames names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Dns)
            builder.AddDnsName(name);
        foreach (var address in names.Addresses)
            builder.AddIpAddress(address);
        return builder.Build();
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
