using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Berth.Testing;

/// <summary>An HTTP client that answers with whole <see cref="Reply"/>s, never throws for a status, and follows no redirect.</summary>
public sealed class RegistryClient : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;
    private readonly Func<string, string, Task<string?>> _authorize;

    /// <summary>A client that calls as the owner.</summary>
    public RegistryClient(RegistryEndpoint endpoint)
        : this(endpoint, async (method, target) => await endpoint.AuthorizeAsync(method, target))
    {
    }

    /// <summary>A client with any Authorization header, or none.</summary>
    public RegistryClient(RegistryEndpoint endpoint, string? authorization)
        : this(endpoint, (_, _) => Task.FromResult(authorization))
    {
    }

    private RegistryClient(RegistryEndpoint endpoint, Func<string, string, Task<string?>> authorize)
    {
        Endpoint = endpoint;
        _authorize = authorize;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
        })
        {
            Timeout = Limit,
        };
    }

    /// <summary>Where the registry answers.</summary>
    public RegistryEndpoint Endpoint { get; }

    /// <summary>Whether each request has a connection of its own, so that a balancer sends each where it likes.</summary>
    public bool UsesConnectionsOnce { get; init; }

    /// <summary>Sends a request with a body that is known whole (null: none).</summary>
    public Task<Reply> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(method, target, body is null ? null : new ByteArrayContent(body), body is null ? "" : $" ({body.Length} bytes)", headers);

    /// <summary>GET.</summary>
    public Task<Reply> GetAsync(string target, params (string Name, string Value)[] headers) => SendAsync("GET", target, null, headers);

    /// <summary>HEAD.</summary>
    public Task<Reply> HeadAsync(string target, params (string Name, string Value)[] headers) => SendAsync("HEAD", target, null, headers);

    /// <summary>DELETE.</summary>
    public Task<Reply> DeleteAsync(string target) => SendAsync("DELETE", target);

    /// <summary>POST with an empty body.</summary>
    public Task<Reply> PostAsync(string target) => SendAsync("POST", target, []);

    /// <summary>PUT.</summary>
    public Task<Reply> PutAsync(string target, byte[] body, params (string Name, string Value)[] headers) => SendAsync("PUT", target, body, headers);

    /// <summary>PATCH.</summary>
    public Task<Reply> PatchAsync(string target, byte[] body, params (string Name, string Value)[] headers) => SendAsync("PATCH", target, body, headers);

    /// <summary>Sends a body of unknown length, in these pieces (Transfer-Encoding: chunked).</summary>
    public Task<Reply> StreamAsync(string method, string target, IEnumerable<byte[]> pieces, params (string Name, string Value)[] headers) =>
        SendAsync(method, target, new PiecesContent(pieces), " (streamed)", headers);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<Reply> SendAsync(string method, string target, HttpContent? content, string length, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Endpoint.Address, target)) { Content = content };
        request.Headers.ConnectionClose = UsesConnectionsOnce;
        content?.Headers.TryAddWithoutValidation("Content-Type", headers.FirstOrDefault(h => IsContentType(h.Name)).Value ?? "application/octet-stream");
        foreach (var (name, value) in headers)
        {
            if (IsContentType(name)) continue;
            if (!request.Headers.TryAddWithoutValidation(name, value)) content?.Headers.TryAddWithoutValidation(name, value);
        }

        // A deletion whose connection ends without an answer is in doubt; the framework's client would send it again by itself where it has no body at all.
        if (method == "DELETE") request.Content ??= new ByteArrayContent([]);
        var line = $"{method} {target}{length}{string.Concat(headers.Select(h => $" {h.Name}: {h.Value}"))}";
        try
        {
            var isSaid = request.Headers.Contains("Authorization");
            if (!isSaid && await _authorize(method, target) is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var body = await ReadAsync(response);
            return new Reply(line, (int)response.StatusCode, [.. Flatten(response.Headers), .. Flatten(response.Content.Headers)], body);
        }
        catch (HttpRequestException e)
        {
            throw new HttpRequestException($"{line}: {e.Message}", e, e.StatusCode);
        }
        catch (SocketException e)
        {
            // The framework's client lets this one through where a connection was reset right after it was made.
            throw new HttpRequestException($"{line}: {e.Message}", e);
        }
    }

    // One that breaks off has the answer's status, one without an answer has none.
    private static async Task<byte[]> ReadAsync(HttpResponseMessage response)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return await response.Content.ReadAsByteArrayAsync(limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HttpRequestException($"{(int)response.StatusCode}, and the body breaks off: {e.Message}", e, response.StatusCode);
        }
    }

    private static bool IsContentType(string name) => string.Equals(name, "Content-Type", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<KeyValuePair<string, string>> Flatten(HttpHeaders headers) =>
        headers.NonValidated.SelectMany(h => h.Value.Select(v => KeyValuePair.Create(h.Key, v)));

    private sealed class PiecesContent(IEnumerable<byte[]> pieces) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var piece in pieces)
            {
                await stream.WriteAsync(piece);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
