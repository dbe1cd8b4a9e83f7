using System.Net;
using System.Net.Sockets;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Operations;

/// <summary>A server with a listener that is the registry local's alone.</summary>
public sealed class PrivateListenerFixture : ServerFixture
{
    /// <summary>The listener's address.</summary>
    public const string Address = "127.0.0.10";

    /// <summary>The listener's port.</summary>
    public int Port { get; } = FreePort();

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["BERTH_Network__PrivateListeners__0"] = $"{Address}:{Port}=local" };

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(Address), 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
