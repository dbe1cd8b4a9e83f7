using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Registry.Network;

/// <summary>Which servers' certificates are believed: those of the system's authorities, and of the given ones.</summary>
/// <param name="certificates">The certificates that are trusted beside the system's.</param>
public sealed class OutboundTrust(X509Certificate2Collection certificates)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The system's authorities alone.</summary>
    public static OutboundTrust System { get; } = new([]);

    /// <summary>Whether a server's certificate is believed, after the system has looked at it.</summary>
    internal bool Accepts(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;

        // Only who vouches may be made up for; a name that is not in the certificate, or no certificate at all, may not.
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificates.Count == 0 || certificate is not X509Certificate2 leaf) return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(certificates);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));

        // Authorities of one's own seldom publish lists of what they took back, and the addresses of such lists would be fetched unguarded.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (presented is not null) chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(leaf);
    }
}
