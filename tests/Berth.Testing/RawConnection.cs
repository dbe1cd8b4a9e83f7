using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Berth.Testing;

/// <summary>A connection on which a test says every byte itself: request targets that no client library would send, half bodies, slow bodies.</summary>
public sealed class RawConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly RegistryEndpoint _endpoint;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private string _request = "";

    private RawConnection(RegistryEndpoint endpoint, Socket socket, Stream stream)
    {
        _endpoint = endpoint;
        _socket = socket;
        _stream = stream;
    }

    /// <summary>Connects.</summary>
    public static async Task<RawConnection> OpenAsync(RegistryEndpoint endpoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endpoint.Address.Host, endpoint.Address.Port);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (endpoint.Address.Scheme == Uri.UriSchemeHttps)
        {
            var tls = new SslStream(stream, leaveInnerStreamOpen: false);
            await tls.AuthenticateAsClientAsync(endpoint.Address.Host);
            stream = tls;
        }

        return new RawConnection(endpoint, socket, stream);
    }

    /// <summary>One exchange on a connection of its own; the target is sent as it stands, and the owner's credential unless a header names another.</summary>
    public static async Task<Reply> ExchangeAsync(
        RegistryEndpoint endpoint, string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        await using var connection = await OpenAsync(endpoint);
        (string, string)[] length = body is null ? [] : [("Content-Length", body.Length.ToString(CultureInfo.InvariantCulture))];
        await connection.SendHeadAsync(method, target, [.. length, .. headers]);
        if (body is not null) await connection.SendAsync(body);
        return await connection.ReceiveAsync();
    }

    /// <summary>Sends a request's line and headers (Host and Authorization are added unless given; an empty value leaves the header out).</summary>
    public async Task SendHeadAsync(string method, string target, params (string Name, string Value)[] headers)
    {
        _request = $"{method} {target}{string.Concat(headers.Select(h => $" {h.Name}: {h.Value}"))}";
        var text = new StringBuilder($"{method} {target} HTTP/1.1\r\n");
        (string Name, string Value)[] defaults =
            [("Host", _endpoint.Authority), .. Has("Authorization") ? [] : new[] { ("Authorization", await _endpoint.AuthorizeAsync(method, target)) }];
        foreach (var (name, value) in defaults.Where(d => !Has(d.Name)).Concat(headers))
        {
            if (value.Length > 0) text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await SendAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()));

        bool Has(string name) => headers.Any(h => string.Equals(h.Name, name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Sends bytes as they stand.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await _stream.WriteAsync(bytes);
        await _stream.FlushAsync();
    }

    /// <summary>Sends one chunk of a body with Transfer-Encoding: chunked; an empty one ends the body.</summary>
    public Task SendChunkAsync(byte[] chunk) =>
        SendAsync((byte[])[.. Encoding.ASCII.GetBytes($"{chunk.Length:x}\r\n"), .. chunk, .. "\r\n"u8]);

    /// <summary>Reads one answer; interim answers (100) are passed over.</summary>
    public async Task<Reply> ReceiveAsync(TimeSpan? limit = null)
    {
        using var timeout = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(60));
        int status;
        List<KeyValuePair<string, string>> headers;
        do
        {
            var line = await ReadLineAsync(timeout.Token);
            if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal) || line.Length < 12) throw new ExpectationException($"{_request}\n  -> no status line: '{line}'");
            status = int.Parse(line.AsSpan(9, 3), CultureInfo.InvariantCulture);
            headers = [];
            while (await ReadLineAsync(timeout.Token) is { Length: > 0 } header)
            {
                var colon = header.IndexOf(':', StringComparison.Ordinal);
                headers.Add(new(header[..colon], header[(colon + 1)..].Trim()));
            }
        }
        while (status is >= 100 and < 200);

        var withBody = !_request.StartsWith("HEAD ", StringComparison.Ordinal) && status is not (204 or 304);
        return new Reply(_request, status, headers, withBody ? await ReadBodyAsync(headers, timeout.Token) : []);
    }

    /// <summary>Whether the server closes the connection within this time without sending anything more.</summary>
    public async Task<bool> IsClosedWithinAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            return !await FillAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Ends the connection with a reset, as a client does that was killed.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<byte[]> ReadBodyAsync(List<KeyValuePair<string, string>> headers, CancellationToken cancellation)
    {
        string? Value(string name) => headers.FirstOrDefault(h => string.Equals(h.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
        var body = new MemoryStream();
        if (Value("Transfer-Encoding") == "chunked")
        {
            while (int.Parse((await ReadLineAsync(cancellation)).Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var size and > 0)
            {
                await CopyAsync(body, size, cancellation);
                await ReadLineAsync(cancellation);
            }

            while ((await ReadLineAsync(cancellation)).Length > 0)
            {
                // A trailer.
            }
        }
        else if (Value("Content-Length") is { } length)
        {
            await CopyAsync(body, long.Parse(length, CultureInfo.InvariantCulture), cancellation);
        }
        else
        {
            while (_start < _end || await FillAsync(cancellation)) Take(body, _end - _start);
        }

        return body.ToArray();
    }

    private async Task CopyAsync(MemoryStream body, long size, CancellationToken cancellation)
    {
        while (size > 0)
        {
            if (_start == _end && !await FillAsync(cancellation)) throw new ExpectationException($"{_request}\n  -> the body ended {size} bytes too early");
            size -= Take(body, (int)Math.Min(size, _end - _start));
        }
    }

    private int Take(MemoryStream body, int count)
    {
        body.Write(_buffer, _start, count);
        _start += count;
        return count;
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !await FillAsync(cancellation)) throw new ExpectationException($"{_request}\n  -> the connection ended after '{line}'");
            var c = (char)_buffer[_start++];
            if (c == '\n') return line.ToString().TrimEnd('\r');
            line.Append(c);
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        _start = 0;
        _end = 0;
        _end = await _stream.ReadAsync(_buffer, cancellation);
        return _end > 0;
    }
}
