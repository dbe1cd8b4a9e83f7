using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Berth.Cli.Tests.Fakes;

/// <summary>A request as the fake saw it.</summary>
internal sealed record SeenRequest(string Method, string Target, string Head)
{
    /// <summary>The path without the query.</summary>
    public string Path => Target.Split('?')[0];

    /// <summary>The query, as a person reads it.</summary>
    public string Query => Target.Contains('?', StringComparison.Ordinal) ? Uri.UnescapeDataString(Target.Split('?', 2)[1]) : "";
}

/// <summary>An answer of the fake.</summary>
internal sealed record FakeAnswer(int Status, string Body = "")
{
    public List<string> Headers { get; } = [];

    public FakeAnswer With(string header)
    {
        Headers.Add(header);
        return this;
    }
}

/// <summary>A server on loopback that answers each request as a test tells it to, one a connection, with or without TLS, and remembers them.</summary>
internal sealed class FakePeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<SeenRequest, FakeAnswer> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _loop;

    public FakePeer(Func<SeenRequest, FakeAnswer> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _loop = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    public string Address => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}";

    public ConcurrentQueue<SeenRequest> Seen { get; } = [];

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
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            await using var stream = await OpenAsync(client);
            if (await ReadAsync(stream) is not { } request) return;
            Seen.Enqueue(request);
            var answer = _answer(request);
            var body = Encoding.UTF8.GetBytes(answer.Body);
            var head = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n"));
            foreach (var header in answer.Headers) head.Append(header).Append("\r\n");
            await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), _end.Token);
            if (request.Method != "HEAD") await stream.WriteAsync(body, _end.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null) return client.GetStream();
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _end.Token);
        return tls;
    }

    // Bodies of requests are none of these tests' matter, and those sent here fit into what the kernel holds.
    private async Task<SeenRequest?> ReadAsync(Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, _end.Token) == 0) return null;
            head.Add(one[0]);
        }

        var text = Encoding.Latin1.GetString([.. head]);
        var start = text.Split("\r\n")[0].Split(' ');
        return new SeenRequest(start[0], start[1], text);
    }
}
