using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Berth.Server.Configuration;

/// <summary>Settings of the plain listener.</summary>
internal sealed record HttpOptions
{
    /// <summary>Where plain HTTP listens; <c>none</c> for nowhere. Default <c>127.0.0.1:5000</c>.</summary>
    public ListenAddress Listen { get; init; } = ListenAddress.Of(IPAddress.Loopback, 5000);

    /// <summary>Whether plain HTTP may listen on an address that other machines reach, for use behind a proxy that does TLS. Default false.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>
    /// The networks (<c>10.0.0.0/8</c>, comma separated or a JSON array) whose proxies are believed when they name the client, the scheme and the
    /// host in <c>X-Forwarded-…</c> headers. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];
}

/// <summary>Settings of the TLS listener.</summary>
internal sealed record HttpsOptions
{
    /// <summary>Where HTTPS listens; <c>none</c> for nowhere (a proxy does TLS). Default <c>127.0.0.1:5443</c>.</summary>
    public ListenAddress Listen { get; init; } = ListenAddress.Of(IPAddress.Loopback, 5443);

    /// <summary>
    /// The port that clients see in the registry's names, where a proxy or a port mapping stands in front; 0 for the port HTTPS listens on (443 where it does not). Default 0.
    /// </summary>
    [Range(0, 65535)]
    public int PublicPort { get; init; }
}
