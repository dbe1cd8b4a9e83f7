using System.Net;
using System.Security.Cryptography.X509Certificates;
using Berth.Server.Configuration;

namespace Berth.Server.Tls;

/// <summary>The names a certificate is for.</summary>
/// <param name="Dns">DNS names, the first of which becomes the subject.</param>
/// <param name="Addresses">IP addresses.</param>
internal sealed record CertificateNames(IReadOnlyList<string> Dns, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>The names of the server's listener: the domain and the names one label below it, localhost, the machine's own name, and addresses.</summary>
    public static CertificateNames Of(ServerOptions options, string hostName)
    {
        var domain = options.Registry.Domain;
        var dns = new List<string> { domain, "*." + domain };
        foreach (var name in new[] { "localhost", hostName.ToLowerInvariant() })
        {
            if (!dns.Contains(name) && Uri.CheckHostName(name) == UriHostNameType.Dns)
                dns.Add(name);
        }

        var addresses = new List<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback };
        var listen = options.Https.Listen;
        if (listen.Kind == ListenKind.Address && !addresses.Contains(listen.Address) && !listen.Address.Equals(IPAddress.Any) && !listen.Address.Equals(IPAddress.IPv6Any))
            addresses.Add(listen.Address);
        return new CertificateNames(dns, addresses);
    }

    /// <summary>A name below the domain that no wildcard of one label covers, in lower case; null for any other.</summary>
    public static string? DeeperName(string? serverName, string domain)
    {
        if (serverName is null || serverName.Length > 253 || !serverName.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase))
            return null;
        var labels = serverName.AsSpan(0, serverName.Length - domain.Length - 1);
        return labels.Contains('.') && Uri.CheckHostName(serverName) == UriHostNameType.Dns ? serverName.ToLowerInvariant() : null;
    }

    /// <summary>Whether the certificate is for all of these names.</summary>
    public bool AreIn(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return names is not null
            && Dns.All(names.EnumerateDnsNames().Contains)
            && Addresses.All(names.EnumerateIPAddresses().Contains);
    }
}
