using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Berth.Cli.Session;

namespace Berth.Cli.Health;

/// <summary>The registry's certificate: whether this machine trusts it, for this name, and for how long. Nothing is sent over the connection.</summary>
internal sealed class TlsProbe(TimeProvider time)
{
    private const string Name = "tls";

    // What people need to renew a certificate by hand.
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    private SslPolicyErrors _errors;
    private List<string> _chain = [];
    private Seen? _certificate;

    /// <summary>Agrees on TLS, or sees why not.</summary>
    public async Task<HealthCheck> LookAsync(Uri registry, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await Wire.OpenAsync(registry.DnsSafeHost, registry.Port, cancellationToken);
            await using var tls = new SslStream(connection, leaveInnerStreamOpen: false, Judge);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = registry.DnsSafeHost }, cancellationToken).WaitAsync(TimeSpan.FromSeconds(15), cancellationToken);
            return OfGood(registry, tls.SslProtocol);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or TimeoutException)
        {
            return OfBad(registry, e);
        }
    }

    // It is refused as any other client refuses it; what it holds is kept for the answer.
    private bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _errors = errors;
        _certificate = certificate is null ? null : Read(certificate);
        _chain = chain is null ? [] : [.. chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Where(text => text.Length > 0).Distinct()];
        return errors == SslPolicyErrors.None;
    }

    private HealthCheck OfGood(Uri registry, SslProtocols protocol)
    {
        var until = _certificate!.Until;
        var seen = $"{Words(protocol)}, a trusted certificate for {registry.DnsSafeHost} until {Day(until)}";
        return until - time.GetUtcNow() > Soon
            ? HealthCheck.Ok(Name, seen)
            : HealthCheck.Warning(Name, HealthCodes.Expiry, seen, "Renew the certificate: from then on no client connects. docs/user/tls.md says how.");
    }

    private HealthCheck OfBad(Uri registry, Exception failure)
    {
        var now = time.GetUtcNow();
        if (_certificate is null)
        {
            return HealthCheck.Error(
                Name, HealthCodes.Tls, $"{registry.Authority} does not agree on TLS: {failure.Message}",
                "Check that the port is the one of HTTPS; for a plain listener put http:// in front of the address.");
        }

        if (now > _certificate.Until || now < _certificate.From)
        {
            return HealthCheck.Error(
                Name, HealthCodes.Tls, $"the certificate is good from {Day(_certificate.From)} until {Day(_certificate.Until)}, and now it is {Day(now)}",
                "Renew the certificate (docs/user/tls.md), or set the clock of this machine.");
        }

        return _errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? HealthCheck.Error(
                Name, HealthCodes.Tls, $"the certificate is not for {registry.DnsSafeHost}; it is for {_certificate.Names}",
                "Use one of these names, or give the server a certificate that has this one (docs/user/tls.md).")
            : HealthCheck.Error(
                Name, HealthCodes.Tls, $"the certificate, issued by {_certificate.Issuer}, is not trusted here: {string.Join(" ", _chain)}",
                "Set SSL_CERT_FILE to the CA's certificate, which stands at tls/ca.pem in the server's data folder, or install it in this machine's trust store.");
    }

    private static Seen Read(X509Certificate given)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(given.GetRawCertData());
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames()).Take(8).ToList();
        return new Seen(certificate.NotBefore, certificate.NotAfter, certificate.Issuer, names.Count == 0 ? certificate.Subject : string.Join(", ", names));
    }

    private static string Words(SslProtocols protocol) => protocol switch { SslProtocols.Tls13 => "TLS 1.3", SslProtocols.Tls12 => "TLS 1.2", _ => protocol.ToString() };

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);

    /// <summary>What is said of a certificate.</summary>
    private sealed record Seen(DateTimeOffset From, DateTimeOffset Until, string Issuer, string Names);
}
