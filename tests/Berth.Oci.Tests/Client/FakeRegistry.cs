using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Berth.Oci.Tests.Client;

/// <summary>A request as the fake saw it.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>An answer of the fake; it may lie about its length, break off, or stand still after its body.</summary>
internal sealed record FakeAnswer(int Status, byte[]? Body = null)
{
    public List<(string Name, string Value)> Headers { get; } = [];

    /// <summary>The Content-Length to claim; null claims the truth.</summary>
    public long? Claimed { get; init; }

    /// <summary>Whether nothing more happens after the body, the connection's end included.</summary>
    public bool StandsStill { get; init; }

    /// <summary>Whether the connection ends without any answer.</summary>
    public bool BreaksOff { get; init; }

    public static FakeAnswer Json(int status, string body) => new FakeAnswer(status, Encoding.UTF8.GetBytes(body)).With("Content-Type", "application/json");

    public static FakeAnswer Error(int status, string code, string message = "no") =>
        Json(status, $$$"""{"errors":[{"code":"{{{code}}}","message":"{{{message}}}","detail":{"x":1}}]}""");

    public FakeAnswer With(string name, string value)
    {
        Headers.Add((name, value));
        return this;
    }
}

/// <summary>A peer on loopback that answers each request of the tests' clients, one per connection, as a test tells it to, and remembers them.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<SeenRequest, FakeAnswer> _answer;
    private readonly Task _loop;

    public FakeRegistry(Func<SeenRequest, FakeAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _loop = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    public Uri Address => At("127.0.0.1");

    public ConcurrentQueue<SeenRequest> Seen { get; } = [];

    /// <summary>The same peer under another name, which a client takes for another host.</summary>
    public Uri At(string host) => new($"http://{host}:{Port}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _loop;
        await Task.WhenAll(_connections);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_end.IsCancellationRequested) _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception e) when (_end.IsCancellationRequested && e is (OperationCanceledException or SocketException or ObjectDisposedException))
        {
            // The test is over; which of them it is says whether the wait was ended first, or its socket.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            await using var stream = client.GetStream();
            var request = await ReadAsync(stream);
            if (request is null) return;

            // Ports are reused: a program that polls the port's former owner is not what the test is about.
            var stranger = request["User-Agent"] != Clients.UserAgent;
            if (!stranger) Seen.Enqueue(request);
            var answer = stranger ? new FakeAnswer(421) : _answer(request);
            if (answer.BreaksOff)
            {
                client.LingerState = new LingerOption(true, 0);
                return;
            }

            var body = answer.Body ?? [];
            var head = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} x\r\nConnection: close\r\n"));
            if (answer.Status != 204) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.Claimed ?? body.Length}\r\n");
            foreach (var (name, value) in answer.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), _end.Token);
            if (request.Method != "HEAD") await stream.WriteAsync(body, _end.Token);
            if (answer.StandsStill) await Task.Delay(Timeout.Infinite, _end.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<SeenRequest?> ReadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, _end.Token) == 0) return null;
            head.Add(one[0]);
        }

        var lines = Encoding.Latin1.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).GroupBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1])), StringComparer.OrdinalIgnoreCase);
        var body = new MemoryStream();
        if (headers.TryGetValue("Content-Length", out var length)) await CopyAsync(stream, body, int.Parse(length, CultureInfo.InvariantCulture));
        else if (headers.ContainsKey("Transfer-Encoding")) await CopyChunksAsync(stream, body);
        var start = lines[0].Split(' ');
        return new SeenRequest(start[0], start[1], headers, body.ToArray());
    }

    private async Task CopyChunksAsync(NetworkStream stream, MemoryStream body)
    {
        while (true)
        {
            var size = int.Parse(await LineAsync(stream), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            await CopyAsync(stream, body, size);
            await LineAsync(stream);
            if (size == 0) return;
        }
    }

    private async Task<string> LineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (line.Length < 2 || line[^1] != '\n')
        {
            await stream.ReadExactlyAsync(one, _end.Token);
            line.Append((char)one[0]);
        }

        return line.ToString().Trim();
    }

    private async Task CopyAsync(NetworkStream stream, MemoryStream body, int count)
    {
        var buffer = new byte[count];
        await stream.ReadExactlyAsync(buffer, _end.Token);
        body.Write(buffer);
    }
}
