using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Berth.Registry.Network;

/// <summary>An address that the server listens at for the callers of one registry, as a private endpoint does: the registry's public rules are not asked there, but whether it approves of the connection is.</summary>
/// <param name="Address">The address and port.</param>
/// <param name="Registry">The registry's name.</param>
public sealed record PrivateListener(IPEndPoint Address, string Registry)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "ADDRESS:PORT=REGISTRY (an IP address of this machine), separated by commas";

    /// <summary>The name of the private endpoint's connection that it stands for: the address and the port, as a part of a path. A listener's own, whatever the others are.</summary>
    public string ConnectionName => $"{Address.Address.ToString().Replace(':', '-').Replace('%', '_')}-{Address.Port}";

    /// <summary>How who comes in here is marked.</summary>
    public PrivateArrival Arrival => new(Registry, ConnectionName);

    /// <summary>Reads the text form; false when it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PrivateListener? listener)
    {
        listener = null;
        if (text.Split('=') is not [var address, { Length: >= 5 and <= 50 } registry] || !registry.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))) return false;

        // An IPv6 address needs its brackets, or its last group would be taken for the port; and without a port there would be none.
        if (!IPEndPoint.TryParse(address, out var end) || end.Port == 0 || end.ToString() != address) return false;
        if (end.Address.Equals(IPAddress.Any) || end.Address.Equals(IPAddress.IPv6Any)) return false;
        if (end.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)) return false;
        listener = new PrivateListener(end, registry);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}={Registry}";
}
