using System.Collections.Concurrent;
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

    /// <summary>Begins a silence of the whole proxy with them: they pass when it ends.</summary>
    Silence,
}

/// <summary>A TCP proxy in front of a server that a test makes fail in the middle of things.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BlockSize = 64 * 1024;

    private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Socket, Socket> _clients = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly TcpListener _listener;
    private readonly IPEndPoint[] _servers;
    private readonly Func<Socket> _makeSocket;
    private readonly Task _accepting;
    private int _next;

    /// <summary>Starts one in front of several servers, which take turns: each connection goes to the next that takes it.</summary>
    /// <param name="servers">Their addresses; an IP address and a port each.</param>
    public FaultProxy(IEnumerable<Uri> servers)
        : this([.. servers.Select(EndOf)], "http", 0, null)
    {
    }

    /// <summary>Starts it.</summary>
    /// <param name="server">The server's address; an IP address and a port.</param>
    /// <param name="port">The port of the loopback on which it listens; 0 takes a free one.</param>
    /// <param name="makeSocket">Makes the sockets that lead to the server, which may be in a network of its own; null makes plain ones.</param>
    public FaultProxy(Uri server, int port = 0, Func<Socket>? makeSocket = null)
        : this([EndOf(server)], server.Scheme, port, makeSocket) => Address = new UriBuilder(server) { Port = Address.Port, Host = Address.Host }.Uri;

    private FaultProxy(IPEndPoint[] servers, string scheme, int port, Func<Socket>? makeSocket)
    {
        _servers = servers;
        _makeSocket = makeSocket ?? (static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Address = new UriBuilder(scheme, "127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port).Uri;
        _accepting = AcceptAsync();
    }

    /// <summary>The server's address behind the proxy.</summary>
    public Uri Address { get; }

    /// <summary>Is asked of each block that a client sends. Null passes everything on.</summary>
    public Func<ReadOnlyMemory<byte>, ProxyAction>? Decide { get; set; }

    /// <summary>Makes, for each connection, what is asked of each block that its client sends. Null asks <see cref="Decide"/>.</summary>
    public Func<Func<ReadOnlyMemory<byte>, ProxyAction>>? DecideForEach { get; set; }

    /// <summary>Whether new connections are refused.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether nothing passes, in neither direction and on no connection, while none is closed either: as where packets are lost on the way. What came meanwhile passes when it ends.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Cuts every connection that there is.</summary>
    public void CutAll()
    {
        foreach (var client in _clients.Keys) Cut(client);
    }

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
                if (IsDown)
                {
                    Cut(client);
                    continue;
                }

                _clients[client] = client;
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                await WhileSilentAsync();
                using var server = await ConnectAsync();
                server.NoDelay = client.NoDelay = true;
                var connection = new Connection(client, server, DecideForEach?.Invoke() ?? (block => Decide?.Invoke(block) ?? ProxyAction.Pass));
                await Task.WhenAny(SendAsync(connection), AnswerAsync(connection));
                if (connection.IsAnswered) await EndAsync(connection);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One of the two is gone.
            }

            _clients.TryRemove(client, out _);
            Cut(client);
        }
    }

    // As the server ended it: what it sent is read before the connection goes.
    private async Task EndAsync(Connection connection)
    {
        connection.Client.Shutdown(SocketShutdown.Send);
        await Task.WhenAny(connection.ClientEnded.Task, Task.Delay(LongestEnd, _ended.Token));
        connection.Client.Close();
    }

    private static IPEndPoint EndOf(Uri server) => new(IPAddress.Parse(server.Host), server.Port);

    private async Task<Socket> ConnectAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = _makeSocket();
            try
            {
                await server.ConnectAsync(_servers[(uint)Interlocked.Increment(ref _next) % _servers.Length], _ended.Token);
                return server;
            }
            catch (SocketException) when (attempt < _servers.Length)
            {
                // The next one's turn.
                server.Dispose();
            }
            catch
            {
                server.Dispose();
                throw;
            }
        }
    }

    private async Task WhileSilentAsync()
    {
        while (IsSilent) await Task.Delay(10, _ended.Token);
    }

    private async Task SendAsync(Connection connection)
    {
        var buffer = new byte[BlockSize];
        while (await connection.Client.ReceiveAsync(buffer, _ended.Token) is var read and > 0)
        {
            var block = buffer.AsMemory(0, read);
            await WhileSilentAsync();
            var action = connection.Decide(block);
            if (action == ProxyAction.Cut) return;
            if (action == ProxyAction.Silence)
            {
                IsSilent = true;
                await WhileSilentAsync();
            }

            if (action == ProxyAction.Delay) await Task.Delay(Later, _ended.Token);
            connection.CutsAnswer |= action == ProxyAction.PassAndCutAnswer;
            var half = action is ProxyAction.PassHalfAndCut or ProxyAction.PassHalfAndClose;
            await SendAllAsync(connection.Server, half ? block[..(read / 2)] : block);
            if (action == ProxyAction.PassHalfAndCut) return;
            if (action != ProxyAction.PassHalfAndClose) continue;
            connection.Server.Shutdown(SocketShutdown.Send);
            await Task.Delay(Timeout.Infinite, _ended.Token);
        }

        connection.ClientEnded.TrySetResult();
        connection.Server.Shutdown(SocketShutdown.Send);
        await Task.Delay(Timeout.Infinite, _ended.Token);
    }

    private async Task AnswerAsync(Connection connection)
    {
        var buffer = new byte[BlockSize];
        while (await connection.Server.ReceiveAsync(buffer, _ended.Token) is var read and > 0)
        {
            if (connection.CutsAnswer) return;
            await WhileSilentAsync();
            await SendAllAsync(connection.Client, buffer.AsMemory(0, read));
        }

        connection.IsAnswered = !connection.CutsAnswer;
    }

    private async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, _ended.Token)..];
    }

    // With a reset, as a crashed machine or a firewall would.
    private static void Cut(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // It is closed.
        }
    }

    private sealed class Connection(Socket client, Socket server, Func<ReadOnlyMemory<byte>, ProxyAction> decide)
    {
        private volatile bool _cutsAnswer;

        public Socket Client => client;

        public Socket Server => server;

        public Func<ReadOnlyMemory<byte>, ProxyAction> Decide => decide;

        public TaskCompletionSource ClientEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAnswered { get; set; }

        public bool CutsAnswer
        {
            get => _cutsAnswer;
            set => _cutsAnswer = value;
        }
    }
}
