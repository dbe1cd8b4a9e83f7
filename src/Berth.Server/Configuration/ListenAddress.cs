using System.Net;

namespace Berth.Server.Configuration;

/// <summary>Where a listener binds: one address and port, both loopback addresses, every address, or nowhere.</summary>
/// <param name="Kind">Which of these.</param>
/// <param name="Address">The address; loopback or any for the kinds that mean both families.</param>
/// <param name="Port">The port; 0 lets the system choose a free one.</param>
internal readonly record struct ListenAddress(ListenKind Kind, IPAddress Address, int Port)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "ADDRESS:PORT (an IP address, localhost, or * for every address) or none";

    /// <summary>Listens nowhere.</summary>
    public static readonly ListenAddress None = new(ListenKind.None, IPAddress.None, 0);

    /// <summary>Whether other machines can reach it.</summary>
    public bool IsRemote => Kind switch
    {
        ListenKind.Any => true,
        ListenKind.Address => !IPAddress.IsLoopback(Address),
        _ => false,
    };

    /// <summary>One address.</summary>
    public static ListenAddress Of(IPAddress address, int port) => new(ListenKind.Address, address, port);

    /// <summary>Reads the text form; false when it is none.</summary>
    public static bool TryParse(string text, out ListenAddress address)
    {
        address = None;
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            return true;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out var port))
            return false;
        var host = text[..colon];
        if (host is "*")
        {
            address = new(ListenKind.Any, IPAddress.IPv6Any, port);
            return true;
        }

        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            // Two addresses cannot share a port that the system chooses for each.
            address = new(ListenKind.Localhost, IPAddress.Loopback, port);
            return port != 0;
        }

        // An IPv6 address needs its brackets, or its last group would be taken for the port.
        var bracketed = host is ['[', .., ']'];
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var ip) || bracketed != (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6))
            return false;
        address = Of(ip, port);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ListenKind.None => "none",
        ListenKind.Any => $"*:{Port}",
        ListenKind.Localhost => $"localhost:{Port}",
        _ => new IPEndPoint(Address, Port).ToString(),
    };
}

/// <summary>The kinds of listening addresses.</summary>
internal enum ListenKind
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>One address.</summary>
    Address,

    /// <summary>Both loopback addresses.</summary>
    Localhost,

    /// <summary>Every address of both families.</summary>
    Any,
}
