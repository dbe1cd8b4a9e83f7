using System.Net;
using System.Net.Sockets;

namespace Berth.Registry.Network;

/// <summary>
/// Says which addresses the server may connect to when someone else named them: public ones (IANA's registries of special-purpose addresses, RFC 6890),
/// and those of the allowed networks.
/// </summary>
internal sealed class OutboundGuard(OutboundOptions options)
{
    private static readonly IPNetwork[] NotPublic =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this network
        IPNetwork.Parse("10.0.0.0/8"), // private
        IPNetwork.Parse("100.64.0.0/10"), // shared by customers of a carrier
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("169.254.0.0/16"), // link-local; clouds' metadata services
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments
        IPNetwork.Parse("192.0.2.0/24"), // documentation
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("198.18.0.0/15"), // benchmarks
        IPNetwork.Parse("198.51.100.0/24"), // documentation
        IPNetwork.Parse("203.0.113.0/24"), // documentation
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, broadcast
    ];

    // All that IPv6 has for the public. Loopback, unique local, link-local, multicast and the forms that hold IPv4 addresses lie outside.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotGlobal =
    [
        IPNetwork.Parse("2001::/23"), // protocol assignments: Teredo with its IPv4 addresses, benchmarks, hashes
        IPNetwork.Parse("2001:db8::/32"), // documentation
        IPNetwork.Parse("2002::/16"), // 6to4: an IPv4 address follows
        IPNetwork.Parse("3fff::/20"), // documentation
    ];

    // What a network without IPv4 reaches the rest by (RFC 6052): the last four bytes are the IPv4 address that is meant.
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether the server may connect to an address.</summary>
    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (options.AllowedNetworks.Any(network => network.Contains(address))) return true;
        if (address.AddressFamily == AddressFamily.InterNetwork) return !NotPublic.Any(network => network.Contains(address));
        if (Translated.Contains(address)) return Allows(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        return Global.Contains(address) && !NotGlobal.Any(network => network.Contains(address));
    }
}
