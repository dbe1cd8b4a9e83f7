using System.Security.Cryptography.X509Certificates;

namespace Berth.Server.Tls;

/// <summary>What a source of certificates has now.</summary>
/// <param name="Certificate">The certificate with its key.</param>
/// <param name="Chain">Intermediate certificates to send after it.</param>
/// <param name="Authority">The authority that can issue certificates for further names, or null.</param>
internal sealed record CertificateSet(X509Certificate2 Certificate, X509Certificate2Collection Chain, LocalAuthority? Authority);

/// <summary>Where the server's certificate comes from.</summary>
internal interface ICertificateSource
{
    /// <summary>Reads what there is now, and makes or renews what is the server's own to make.</summary>
    /// <exception cref="CannotStartException">There is no usable certificate; the message says which file and why.</exception>
    CertificateSet Load();

    /// <summary>Whether <see cref="Load"/> would give something else than it did last: a file changed, or the certificate is about to end.</summary>
    bool HasChanged();
}
