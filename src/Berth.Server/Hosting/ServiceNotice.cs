using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Berth.Server.Hosting;

/// <summary>What systemd is told about the life of a service of <c>Type=notify</c>: datagrams to the socket that it names (sd_notify(3)).</summary>
internal static class ServiceNotice
{
    private const string SocketVariable = "NOTIFY_SOCKET";

    /// <summary>What closing the stores may take after the drain.</summary>
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(15);

    /// <summary>It serves.</summary>
    public static void Ready(ILogger logger) => Send("READY=1", logger);

    /// <summary>It ends, and may take so long, and some seconds more for its stores, whatever the unit allows.</summary>
    public static void Stopping(TimeSpan time, ILogger logger) =>
        Send(string.Create(CultureInfo.InvariantCulture, $"STOPPING=1\nEXTEND_TIMEOUT_USEC={(long)(time + Closing).TotalMicroseconds}"), logger);

    private static void Send(string state, ILogger logger)
    {
        if (Environment.GetEnvironmentVariable(SocketVariable) is not { Length: > 1 } path) return;
        try
        {
            // A name that begins with @ is one of the abstract namespace, which the kernel writes with a NUL.
            var address = new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.ASCII.GetBytes(state), address);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // It serves all the same; systemd decides what it makes of the silence.
            HostLog.NoticeNotSent(logger, state.Split('\n')[0], path, e);
        }
    }
}
