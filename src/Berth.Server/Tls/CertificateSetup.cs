using System.Net;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;

namespace Berth.Server.Tls;

/// <summary>Picks where the server's certificate comes from.</summary>
internal static class CertificateSetup
{
    /// <summary>The certificates of the TLS listener, or null where there is none.</summary>
    /// <exception cref="CannotStartException">There is no usable certificate.</exception>
    public static ServerCertificates? Open(ServerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (options.Https.Listen.Kind == ListenKind.None)
            return null;
        ICertificateSource source = options.Tls.Certificate is not null
            ? new OwnCertificateSource(options.Tls)
            : new LocalCertificateSource(new TlsFolder(Path.Combine(Path.GetFullPath(options.Data), "tls")), CertificateNames.Of(options, Dns.GetHostName()), time);
        return new ServerCertificates(source, options.Registry.Domain, options.Tls.ReloadInterval, time, loggers.CreateLogger<ServerCertificates>());
    }
}
