using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Session;

/// <summary>JSON over HTTP: one request, and what it is answered.</summary>
internal static class Wire
{
    /// <summary>How the server's wish to be asked later is followed: for a minute at the most, and it is said on stderr.</summary>
    public static RetryWaits Waits { get; } = new() { Waiting = SayWaiting };

    /// <summary>A client that does not follow redirects: a token or a password goes where it was meant to go.</summary>
    public static HttpClient Connect()
    {
        var client = new HttpClient(NewHandler()) { Timeout = TimeSpan.FromSeconds(100) };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("berth");
        return client;
    }

    /// <summary>What connects, follows no redirects and keeps no cookies; it tells its requests when that is asked for.</summary>
    public static HttpMessageHandler NewHandler()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = (context, cancellationToken) => OpenAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken),
        };
        return RequestTrace.Level == TraceLevel.None ? handler : new RequestTrace(handler, RequestTrace.Level, Console.Error, TimeProvider.System);
    }

    /// <summary>Whether a name is this machine, as every name below localhost is (RFC 6761, 6.3), whether or not its resolver knows.</summary>
    public static bool IsThisMachine(string host) => host.TrimEnd('.') is var name
        && (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase));

    /// <summary>Connects to a host; a first try with names below localhost needs no line in a hosts file.</summary>
    public static async ValueTask<Stream> OpenAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IsThisMachine(host) ? "localhost" : host.TrimEnd('.'), port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request; the body is JSON, or nothing when the answer is empty.</summary>
    /// <exception cref="ClientException">The answer is an error, or is no JSON.</exception>
    public static async Task<JsonElement> SendAsync(
        HttpClient client, HttpMethod method, Uri address, string? token, HttpContent? content, CancellationToken cancellationToken)
    {
        using var body = content;
        using var response = await Waits.SendAsync(() => SendOnceAsync(client, method, address, token, content, cancellationToken), cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var answer = Parse(bytes);
        if (response.IsSuccessStatusCode) return bytes.Length == 0 ? default : answer ?? throw Unreadable(address);
        throw new ClientException(Describe(response, answer, address)) { Status = response.StatusCode };
    }

    // The content outlives its request, which may be sent again; it is all in memory.
    private static Task<HttpResponseMessage> SendOnceAsync(
        HttpClient client, HttpMethod method, Uri address, string? token, HttpContent? content, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, address) { Content = content };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client.SendAsync(request, cancellationToken);
    }

    private static void SayWaiting(string host, HttpStatusCode status, TimeSpan wait) => Console.Error.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{host} asks to come later ({(int)status}); trying again in {Math.Ceiling(wait.TotalSeconds):0} s …"));

    /// <summary>A body of JSON.</summary>
    public static HttpContent Body(Action<Utf8JsonWriter> write) => Body(Json.Make(write));

    /// <summary>A body of JSON.</summary>
    public static HttpContent Body(JsonElement value) => new StringContent(value.GetRawText(), Encoding.UTF8, "application/json");

    private static JsonElement? Parse(byte[] bytes)
    {
        try
        {
            using var document = JsonReading.ParseReadable(bytes, default);
            return document?.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Errors come in three forms: {"error":{"code","message"}} of the control plane and the directory, {"error","error_description"} of the authority,
    // {"errors":[{"code","message"}]} of the registry.
    private static string Describe(HttpResponseMessage response, JsonElement? body, Uri address)
    {
        var status = response.StatusCode;
        var known = body is not { ValueKind: JsonValueKind.Object } value ? default
            : value.TryGetProperty("error", out var error) ? error
            : value.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array ? errors.EnumerateArray().FirstOrDefault()
            : default;
        var (code, message) = known.ValueKind switch
        {
            JsonValueKind.Object => (known.Text("code"), known.Text("message")),
            JsonValueKind.String => (known.GetString(), body!.Value.Text("error_description")),
            _ => (null, null),
        };
        if (message is not null) return $"{message} ({code}, {(int)status})";
        return status == HttpStatusCode.NotFound
            ? $"{address.GetLeftPart(UriPartial.Path)} is not there (404)."
            : $"{address.Authority} answered {(int)status}{(code is null ? "" : $" ({code})")}; its log says more{(RequestTrace.IdOf(response) is { } id ? $" of the request {id}" : "")}.";
    }

    private static ClientException Unreadable(Uri address) =>
        new($"{address.GetLeftPart(UriPartial.Authority)} did not answer with JSON; is it a Berth?");
}
