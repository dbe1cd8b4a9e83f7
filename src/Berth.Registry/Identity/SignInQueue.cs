using System.Net;
using System.Net.Sockets;

namespace Berth.Registry.Identity;

/// <summary>
/// How many sign-ins wait for their slow hash, in all and from one network address: a flood from one place must leave room for others.
/// </summary>
internal sealed class SignInQueue
{
    private const int MaxWaiting = 64;
    private const int MaxWaitingOfAddress = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _waiting;

    /// <summary>Takes a place; false when the queue, or the address's part of it, is full.</summary>
    public bool TryEnter(IPAddress? address)
    {
        var source = SourceOf(address);
        lock (_lock)
        {
            var ofAddress = _byAddress.GetValueOrDefault(source);
            if (_waiting >= MaxWaiting || ofAddress >= MaxWaitingOfAddress) return false;
            _byAddress[source] = ofAddress + 1;
            _waiting++;
            return true;
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(IPAddress? address)
    {
        var source = SourceOf(address);
        lock (_lock)
        {
            _waiting--;
            if (--_byAddress[source] == 0) _byAddress.Remove(source);
        }
    }

    /// <summary>What one sender has at its disposal: an IPv4 address, or a /64 network of IPv6 (RFC 6177).</summary>
    public static IPAddress SourceOf(IPAddress? address)
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
