using System.Net;
using System.Net.Sockets;

namespace Berth.Registry.Network;

/// <summary>What one sender has at its disposal: an IPv4 address, or a /64 network of IPv6 (RFC 6177).</summary>
public static class SourceAddress
{
    /// <summary>The source that an address belongs to.</summary>
    public static IPAddress Of(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
