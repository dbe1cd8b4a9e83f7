using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Berth.Registry.Network;

/// <summary>
/// The addresses that begin with the same bits (CIDR, RFC 4632), or one address. An IPv4 address that is mapped into IPv6 (RFC 4291, 2.5.5.2) is the IPv4
/// address; no IPv6 block holds it.
/// </summary>
/// <param name="Text">As it was written.</param>
/// <param name="IsIPv6">Whether they are IPv6 addresses.</param>
/// <param name="First">The first of them, as a number.</param>
/// <param name="Last">The last of them.</param>
internal readonly record struct AddressBlock(string Text, bool IsIPv6, UInt128 First, UInt128 Last)
{
    private const int MaxTextLength = 64;
    private const int MappedBits = 96;
    private const int Bits4 = 32;
    private const int Bits6 = 128;

    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>One address, without a text.</summary>
    public static AddressBlock Of(IPAddress address)
    {
        var (isIPv6, number) = NumberOf(address);
        return new AddressBlock("", isIPv6, number, number);
    }

    /// <summary>The block of a setting.</summary>
    public static AddressBlock Of(IPNetwork network) => Of(network.ToString(), network.BaseAddress, network.PrefixLength)!.Value;

    /// <summary>
    /// Reads <c>203.0.113.7</c>, <c>203.0.113.0/24</c>, <c>2001:db8::1</c> or <c>2001:db8::/32</c>. Nothing else: forms that one program reads as another
    /// address than the next are no rule. The fault says what is wrong, to be put behind the text.
    /// </summary>
    public static bool TryParse(string text, out AddressBlock block, [NotNullWhen(false)] out string? fault)
    {
        block = default;
        fault = "is no address or network such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32";
        if (text.Length > MaxTextLength) return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!TryParseAddress(slash < 0 ? text : text[..slash], out var address)) return false;

        var length = address.AddressFamily == AddressFamily.InterNetwork ? Bits4 : Bits6;
        if (slash >= 0)
        {
            var digits = text.AsSpan(slash + 1);
            if (digits.Length > 3 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) || asked > length) return false;
            length = asked;
        }

        if (Of(text, address, length) is not { } found)
        {
            fault = $"has bits behind its prefix of {length}; write {NetworkOf(address, length)} for the network that it is in";
            return false;
        }

        (block, fault) = (found, null);
        return true;
    }

    // Null where the address has bits behind the prefix.
    private static AddressBlock? Of(string text, IPAddress address, int length)
    {
        var (isIPv6, number) = NumberOf(address);
        var rest = (isIPv6 ? Bits6 : Bits4) - (address.IsIPv4MappedToIPv6 ? length - MappedBits : length);
        if (rest > (isIPv6 ? Bits6 : Bits4)) return null; // a mapped address, whose prefix ends before the IPv4 address begins
        var host = MaskOf(rest);
        return (number & host) == 0 ? new AddressBlock(text, isIPv6, number, number | host) : null;
    }

    private static (bool IsIPv6, UInt128 Number) NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (length == 4) return (false, BinaryPrimitives.ReadUInt32BigEndian(bytes));
        return address.IsIPv4MappedToIPv6 ? (false, BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])) : (true, BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    private static UInt128 MaskOf(int bits) => bits == Bits6 ? UInt128.MaxValue : (UInt128.One << bits) - 1;

    private static string NetworkOf(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return $"{new IPAddress(bytes)}/{length}";
    }

    // The framework's parser takes 127.1, 0x7f000001 and 010.0.0.1 (an octal 8), zones and brackets.
    private static bool TryParseAddress(string text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text.AsSpan().ContainsAnyExcept(Characters) || !IPAddress.TryParse(text, out var parsed)) return false;
        var quads = text[(text.LastIndexOf(':') + 1)..];
        if (quads.Contains('.', StringComparison.Ordinal) || parsed.AddressFamily == AddressFamily.InterNetwork)
        {
            var written = new IPAddress(parsed.GetAddressBytes().AsSpan()[^4..]).ToString();
            if (written != quads) return false;
        }

        address = parsed;
        return true;
    }
}
