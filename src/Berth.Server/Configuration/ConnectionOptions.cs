using System.ComponentModel.DataAnnotations;

namespace Berth.Server.Configuration;

/// <summary>Settings of connections; how many there may be in all is Memory:MaxConnections.</summary>
internal sealed record ConnectionOptions
{
    /// <summary>
    /// The most connections that may be open at once from one address (of IPv6 from one /64 network); more are closed at once. Not counted are those from Http:TrustedProxies.
    /// 0 for a quarter of all there may be, and none for this machine itself, where a proxy may stand. Default 0.
    /// </summary>
    [Range(0, 10_000_000)]
    public int PerAddress { get; init; }

    /// <summary>How long a client may take to send a request's line and headers. Default 30 seconds (Kestrel's).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may rest between two requests. Default 130 seconds (Kestrel's; longer than the two minutes of common proxies).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>The most headers of a request, which may have 32 KiB together. Default 100 (Kestrel's).</summary>
    [Range(10, 1_000)]
    public int MaxHeaders { get; init; } = 100;
}
