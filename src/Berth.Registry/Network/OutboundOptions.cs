using System.Net;

namespace Berth.Registry.Network;

/// <summary>Settings of what the server itself connects to because someone named an address, such as an issuer of federated credentials.</summary>
public sealed record OutboundOptions
{
    /// <summary>
    /// The networks (<c>10.0.0.0/8</c>, comma separated or a JSON array) that it may connect to although they are not public: loopback, private,
    /// link-local and reserved addresses are refused otherwise. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>
    /// PEM files with certificates that it trusts beside the system's: of certificate authorities, or self-signed ones of single servers. Default none.
    /// </summary>
    public IReadOnlyList<string> TrustedCertificates { get; init; } = [];
}
