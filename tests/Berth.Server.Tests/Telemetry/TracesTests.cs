using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Telemetry;

/// <summary>A real server that sends its traces to a collector.</summary>
public sealed class TracesTests : IAsyncLifetime
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = ServerRun.Client();
    private readonly OtlpReceiver _collector = new();
    private ServerRun _run = null!;

    public async ValueTask InitializeAsync()
    {
        var settings = _collector.Settings;
        settings["BERTH_Logging__Level"] = "Debug";
        settings["BERTH_Logging__Format"] = "Json";
        settings["BERTH_Lifecycle__Interval"] = "00:00:00.2";
        _run = await ServerRun.StartAsync(_folder.Data, variables: settings);
        _client.BaseAddress = _run.Http;
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ServerRun.Basic());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _run.DisposeAsync();
        await _collector.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_push_and_a_pull_are_traced_through_rights_database_and_store_under_the_clients_trace()
    {
        var trace = ActivityTraceId.CreateRandom();
        await PushAsync(trace);
        await SendAsync(trace, "GET", "/v2/team/app/manifests/latest?of=a-query-that-nobody-records", null);
        var answer = await SendAsync(trace, "GET", $"/v2/team/app/blobs/{Digest("a layer"u8)}", null);
        var requestId = answer.Headers.GetValues("X-Request-Id").Single();
        var metrics = await OpenMetricsAsync();
        await Task.Delay(500); // a round of garbage collection
        _run.Terminate();
        Assert.Equal(0, await _run.WaitForEndAsync());

        var traces = _collector.Traces;
        foreach (var name in (string[])[
            "GET /v2/{name}/manifests/{reference}", "PUT /v2/{name}/manifests/{reference}", "POST /v2/{name}/blobs/uploads/", "GET /v2/{name}/blobs/{digest}",
            "authenticate", "authorize", "FindManifest", "PutManifest", "storage.append", "storage.sync", "storage.open",
            "berth.metadata.queue_time", "berth.metadata.commit_time", "db.system.name", "sqlite", "db.operation.name", "gc.round", "team/app"])
        {
            Assert.Contains(name, traces, StringComparison.Ordinal);
        }

        // Raw bytes in the protocol: the parent's trace goes on in every request of ours.
        Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString(trace.ToHexString())), traces, StringComparison.Ordinal);
        foreach (var secret in (string[])["a-query-that-nobody-records", "baggage-of-a-stranger", ServerRun.Password, ServerRun.Basic()["Basic ".Length..]])
            Assert.DoesNotContain(secret, traces, StringComparison.Ordinal);

        // The log's lines say to which trace they belong, beside the request's id.
        var line = _run.Errors.Split('\n').First(l => l.Contains($"\"requestId\":\"{requestId}\"", StringComparison.Ordinal));
        Assert.Contains($"\"traceId\":\"{trace.ToHexString()}\"", line, StringComparison.Ordinal);

        // An exemplar leads from a bucket to a trace.
        Assert.EndsWith("# EOF\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"# {{trace_id=\"{trace.ToHexString()}\",span_id=\"", metrics, StringComparison.Ordinal);
        Assert.Contains("# TYPE berth_blob_received_bytes counter\n", metrics, StringComparison.Ordinal);
        Assert.Contains("http_route=\"/v2/{name}/manifests/{reference}\"", metrics, StringComparison.Ordinal);
    }

    private async Task PushAsync(ActivityTraceId trace)
    {
        var layer = "a layer"u8.ToArray();
        await SendAsync(trace, "POST", $"/v2/team/app/blobs/uploads/?digest={Digest(layer)}", layer);
        var descriptor = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{Digest(layer)}}","size":{{layer.Length}}}""";
        var image = $$"""{"schemaVersion":2,"mediaType":"{{Image}}","config":{{descriptor}},"layers":[{{descriptor}}]}""";
        await SendAsync(trace, "PUT", "/v2/team/app/manifests/latest", Encoding.UTF8.GetBytes(image), Image);
    }

    private async Task<HttpResponseMessage> SendAsync(ActivityTraceId trace, string method, string target, byte[]? body, string type = "application/octet-stream")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), target);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{trace.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
        request.Headers.TryAddWithoutValidation("baggage", "who=baggage-of-a-stranger");
        var answer = await _client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {target}: {(int)answer.StatusCode}");
        return answer;
    }

    private async Task<string> OpenMetricsAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1");
        using var answer = await _client.SendAsync(request);
        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType!.MediaType);
        return await answer.Content.ReadAsStringAsync();
    }

    private static string Digest(ReadOnlySpan<byte> content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
