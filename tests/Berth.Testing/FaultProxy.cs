using System.Net;
using System.Net.Sockets;

namespace Berth.Testing;

/// <summary>What the proxy does with bytes that a client sent.</summary>
public enum ProxyAction
{
    /// <summary>Passes them on.</summary>
    Pass,

    /// <summary>Cuts the connection without passing them on.</summary>
    Cut,

    /// <summary>Passes half of them on, then cuts.</summary>
    PassHalfAndCut,

    /// <summary>Passes them on, and cuts when the server begins to answer: what was asked for was done, and nobody learns of it.</summary>
    PassAndCutAnswer,

    /// <summary>Passes half of them on and ends the direction towards the server, which sees an end within a request.</summary>
    PassHalfAndClose,

    /// <summary>Passes them on a while later.</summary>
    Delay,
}

/// <summary>A TCP proxy in front of a server that a test makes fail in the middle of things.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BlockSize = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly IPEndPoint _server;
    private readonly Task _accepting;

    /// <summary>Starts it.</summary>
    /// <param name="server">The server's address; an IP address and a port.</param>
    public FaultProxy(Uri server)
    {
        _server = new IPEndPoint(IPAddress.Parse(server.Host), server.Port);
        _listener.Start();
        Address = new UriBuilder(server) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;
        _accepting = AcceptAsync();
    }

    /// <summary>The server's address behind the proxy.</summary>
    public Uri Address { get; }

    /// <summary>Is asked of each block that a client sends. Null passes everything on.</summary>
    public Func<ReadOnlyMemory<byte>, ProxyAction>? Decide { get; set; }

    /// <summary>Whether new connections are refused.</summary>
    public bool IsDown { get; set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_ended.Token);
                if (IsDown) Cut(client);
                else _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                await server.ConnectAsync(_server, _ended.Token);
                var connection = new Connection(client, server);
                await Task.WhenAny(SendAsync(connection), AnswerAsync(connection));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One of the two is gone.
            }

            Cut(client);
        }
    }

    private async Task SendAsync(Connection connection)
    {
        var buffer = new byte[BlockSize];
        while (await connection.Client.ReceiveAsync(buffer, _ended.Token) is var read and > 0)
        {
            var block = buffer.AsMemory(0, read);
            var action = Decide?.Invoke(block) ?? ProxyAction.Pass;
            if (action == ProxyAction.Cut) return;
            if (action == ProxyAction.Delay) await Task.Delay(300, _ended.Token);
            connection.CutsAnswer |= action == ProxyAction.PassAndCutAnswer;
            var half = action is ProxyAction.PassHalfAndCut or ProxyAction.PassHalfAndClose;
            await SendAllAsync(connection.Server, half ? block[..(read / 2)] : block);
            if (action == ProxyAction.PassHalfAndCut) return;
            if (action != ProxyAction.PassHalfAndClose) continue;
            connection.Server.Shutdown(SocketShutdown.Send);
            await Task.Delay(Timeout.Infinite, _ended.Token);
        }

        connection.Server.Shutdown(SocketShutdown.Send);
        await Task.Delay(Timeout.Infinite, _ended.Token);
    }

    private async Task AnswerAsync(Connection connection)
    {
        var buffer = new byte[BlockSize];
        while (await connection.Server.ReceiveAsync(buffer, _ended.Token) is var read and > 0)
        {
            if (connection.CutsAnswer) return;
            await SendAllAsync(connection.Client, buffer.AsMemory(0, read));
        }
    }

    private async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, _ended.Token)..];
    }

    // With a reset, as a crashed machine or a firewall would.
    private static void Cut(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    private sealed class Connection(Socket client, Socket server)
    {
        private volatile bool _cutsAnswer;

        public Socket Client => client;

        public Socket Server => server;

        public bool CutsAnswer
        {
            get => _cutsAnswer;
            set => _cutsAnswer = value;
        }
    }
}
