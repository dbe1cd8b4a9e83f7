using System.Net.Http.Headers;
using System.Text;

namespace Berth.Cli.Session;

/// <summary>How much is told of requests.</summary>
internal enum TraceLevel
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>One line for each.</summary>
    Verbose,

    /// <summary>Also the query, and the headers of the answer.</summary>
    Debug,
}

/// <summary>
/// Tells each request on stderr: method, address, status, time, and the id by which the server's log names it. Bodies and credentials are never told; of a query and of
/// headers only what is known to be harmless is, since a signed address is a credential, too.
/// </summary>
internal sealed class RequestTrace(HttpMessageHandler inner, TraceLevel level, TextWriter output, TimeProvider time) : DelegatingHandler(inner)
{
    private static readonly string[] PlainParameters =
    [
        "api-version", "n", "last", "lasttime", "orderby", "digest", "artifactType", "mount", "from", "scope", "service", "account", "repository", "principal", "action", "hours",
        "since", "$filter", "$top", "$skiptoken",
    ];

    private static readonly string[] PlainHeaders =
    [
        "Date", "Server", "Content-Type", "Content-Length", "WWW-Authenticate", "Docker-Content-Digest", "Docker-Distribution-Api-Version", "OCI-Subject", "Retry-After", "Allow",
        "x-ms-request-id", "x-ms-correlation-request-id", "X-Request-Id",
    ];

    /// <summary>How much this process tells.</summary>
    public static TraceLevel Level { get; set; }

    /// <summary>The id by which the server's log names a request; null when the answer has none.</summary>
    public static string? IdOf(HttpResponseMessage response)
    {
        foreach (var name in (ReadOnlySpan<string>)["X-Request-Id", "x-ms-correlation-request-id", "x-ms-request-id"])
        {
            if (response.Headers.NonValidated.TryGetValues(name, out var values)) return Plain(values.ToString());
        }

        return null;
    }

    /// <summary>An address without what may be a secret: user info, and the values of unknown parameters.</summary>
    public static string Redact(Uri address, bool withQuery)
    {
        var text = $"{address.Scheme}://{address.Authority}{address.AbsolutePath}";
        if (!withQuery || address.Query.Length <= 1) return text;
        return $"{text}?{string.Join('&', address.Query[1..].Split('&').Select(Parameter))}";

        static string Parameter(string pair)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            return equals < 0 || PlainParameters.Contains(Uri.UnescapeDataString(name), StringComparer.OrdinalIgnoreCase) ? pair : $"{name}=…";
        }
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var what = $"{request.Method} {Redact(request.RequestUri!, level == TraceLevel.Debug)}";
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            await output.WriteLineAsync($"berth: {what} -> {(int)response.StatusCode} in {Elapsed(start)}{(IdOf(response) is { } id ? $" (request {id})" : "")}");
            if (level == TraceLevel.Debug) await output.WriteAsync(HeadersOf(response));
            return response;
        }
        catch (Exception e)
        {
            await output.WriteLineAsync($"berth: {what} -> no answer after {Elapsed(start)}: {Plain(e.Message)}");
            throw;
        }
    }

    private string Elapsed(long start) => FormattableString.Invariant($"{time.GetElapsedTime(start).TotalMilliseconds:0} ms");

    private static string HeadersOf(HttpResponseMessage response)
    {
        var text = new StringBuilder();
        foreach (var (name, values) in Both(response))
        {
            if (PlainHeaders.Contains(name, StringComparer.OrdinalIgnoreCase)) text.AppendLine($"berth:   {name}: {Plain(values.ToString())}");
        }

        if (response.Headers.Location is { } location)
            text.AppendLine($"berth:   Location: {Redact(new Uri(response.RequestMessage!.RequestUri!, location), withQuery: true)}");
        return text.ToString();
    }

    private static IEnumerable<KeyValuePair<string, HeaderStringValues>> Both(HttpResponseMessage response) =>
        response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated);

    private static string Plain(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);
}
