using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Telemetry;

/// <summary>A real server after a bit of everything: each family that the reference page lists is there, with what the traffic made of it.</summary>
public sealed partial class MetricsAfterTrafficTests : IAsyncLifetime
{
    private const int Grace = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = ServerRun.Client();
    private ServerRun _run = null!;

    // What a server alone with its files never has, and what counts refusals and losses that do not happen here: each begins with its first event.
    private static readonly string[] Elsewhere =
    [
        "berth_admission_refused_total", "berth_connection_refused_total", "berth_limit_refused_total",
        "berth_job_lost_total", "berth_job_rounds_total",
        "berth_metadata_pool_used", "berth_metadata_pool_waiting", "berth_metadata_retries_total", "berth_metadata_round_trips_total",
        "berth_storage_buffer_size_bytes", "berth_storage_request_duration_seconds", "berth_storage_request_retries_total",
    ];

    public async ValueTask InitializeAsync()
    {
        _run = await ServerRun.StartAsync(_folder.Data, variables: new()
        {
            ["BERTH_Lifecycle__Grace"] = $"00:00:0{Grace}",
            ["BERTH_Lifecycle__Interval"] = "00:00:00.2",
            ["BERTH_Diagnostics__RepositoryEvents"] = "true",
            ["BERTH_Distribution__UploadExpiry"] = $"00:00:0{Grace}",
        });
        _client.BaseAddress = _run.Http;
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ServerRun.Basic());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _run.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Each_family_of_the_reference_page_is_there_with_what_traffic_made_of_it()
    {
        var fresh = Metrics.Parse(await _client.GetStringAsync("/metrics"));
        Assert.Equal(0, fresh["berth_gc_sweep_failed_total"]);
        Assert.Equal(0, fresh["berth_blob_received_bytes_total"]);

        var layer = RandomNumberGenerator.GetBytes(70_000);
        await PushImageAsync("team/app", layer);
        await SendAsync("POST", $"/v2/team/loose/blobs/uploads/?digest={Digest([1, 2, 3])}", 201, [1, 2, 3]);
        await SendAsync("POST", "/v2/team/abandoned/blobs/uploads/", 202);
        await SendAsync("POST", $"/v2/team/other/blobs/uploads/?mount={Digest(layer)}&from=team/app", 201);
        await SendAsync("GET", $"/v2/team/app/blobs/{Digest(layer)}", 200);
        await SendAsync("GET", $"/v2/team/app/blobs/{Digest(layer)}", 206, range: new RangeHeaderValue(100, 199));
        await SendAsync("GET", "/v2/team/app/manifests/latest", 200);
        await SendAsync("GET", "/v2/team/app/manifests/nowhere", 404);
        await SendAsync("PUT", "/v2/team/app/manifests/broken", 400, "{"u8.ToArray(), "application/vnd.oci.image.manifest.v1+json");
        await SendAsync("GET", "/subscriptions?api-version=2019-11-01", 401); // a user name and a password are nothing to the control plane
        using (var wrong = ServerRun.Client())
        {
            wrong.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ServerRun.Basic("wrong"));
            Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync(new Uri(_run.Http, "/v2/"))).StatusCode);
        }

        using (await BeginChunkAsync("team/flight"))
        {
            await EventuallyAsync(async () => Metrics.Parse(await _client.GetStringAsync("/metrics"))["berth_upload_active"] == 1);
        }

        // What nothing names is over after the grace: the loose blob, what was mounted without a manifest, and the abandoned session.
        var (metrics, largestLog) = (fresh, 0.0);
        await EventuallyAsync(async () =>
        {
            metrics = Metrics.Parse(await _client.GetStringAsync("/metrics"));
            largestLog = Math.Max(largestLog, metrics["berth_metadata_wal_size_bytes"]);
            return metrics["berth_gc_location_removed_total"] >= 2 && metrics["berth_gc_upload_expired_total"] >= 1 && metrics["berth_blobs"] >= 1
                && metrics.Families.ContainsKey("berth_ledger_reader_lag"); // readers are looked at every 15 seconds
        });

        Assert.Equal(Elsewhere.Order(StringComparer.Ordinal), Listed().Except(metrics.Families.Keys).Order(StringComparer.Ordinal));
        Assert.Empty(metrics.Families.Keys.Where(f => f.StartsWith("berth_", StringComparison.Ordinal)).Except(Listed()));

        // What dashboards and alerts ask for is there, or is of a server on PostgreSQL.
        Assert.DoesNotContain(ObservedNames.All(), name => !metrics.Names.Contains(name.Metric) && !Elsewhere.Contains(name.Metric));

        double Requests(string route, string method, int status) => metrics[
            $"berth_distribution_request_duration_seconds_count{{http_request_method=\"{method}\",http_response_status_code=\"{status}\",route=\"{route}\"}}"];
        Assert.Equal(3, Requests("upload.start", "POST", 201)); // the image's layer, the loose blob, and the mount
        Assert.Equal(1, Requests("blob.get", "GET", 200));
        Assert.Equal(1, Requests("blob.get", "GET", 206));
        Assert.Equal(1, Requests("manifest.put", "PUT", 201));
        Assert.Equal(1, Requests("manifest.put", "PUT", 400));
        Assert.Equal(1, Requests("manifest.get", "GET", 404));
        Assert.Equal(1, metrics["berth_access_denied_total{reason=\"unauthorized\"}"]);
        Assert.InRange(metrics["berth_blob_received_bytes_total"], layer.Length + 3, layer.Length + 3 + 1_000);
        Assert.Equal(layer.Length + 100, metrics["berth_blob_sent_bytes_total"]);

        Assert.Equal(1, metrics["berth_manifests"]);
        Assert.Equal(1, metrics["berth_repositories"]);
        Assert.InRange(metrics["berth_blobs_size_bytes"], layer.Length, layer.Length + 3);
        Assert.InRange(metrics["berth_storage_free_bytes"], 1, metrics["berth_storage_size_bytes"] - 1);
        Assert.InRange(metrics["berth_metadata_commit_duration_seconds_count"], 5, 10_000);
        Assert.InRange(metrics["berth_metadata_group_size_sum"], metrics["berth_metadata_group_size_count"], 100_000);
        Assert.InRange(largestLog, 1, 64 << 20);
        Assert.InRange(metrics["berth_metadata_queue_length"], 0, 5);

        Assert.InRange(metrics["berth_gc_sweep_duration_seconds_count"], 1, 10_000);
        Assert.InRange(metrics["berth_gc_blob_discarded_total"], 1, 2);
        Assert.InRange(metrics["berth_gc_blob_discarded_size_bytes_total"], 3, 3 + layer.Length);
        foreach (var quiet in (string[])["berth_gc_sweep_failed_total", "berth_gc_location_kept_total", "berth_gc_suspended", "berth_scrub_read_bytes_total"])
            Assert.Equal(0, metrics[quiet]);
        Assert.InRange(metrics["berth_locations_discarded"], 0, 10);
        Assert.InRange(metrics["berth_uploads_open"], 0, 10);
    }

    private async Task PushImageAsync(string repository, byte[] layer)
    {
        await SendAsync("POST", $"/v2/{repository}/blobs/uploads/?digest={Digest(layer)}", 201, layer);
        var descriptor = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{Digest(layer)}}","size":{{layer.Length}}}""";
        var image = $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{descriptor}},"layers":[{{descriptor}}]}""";
        await SendAsync("PUT", $"/v2/{repository}/manifests/latest", 201, Encoding.UTF8.GetBytes(image), "application/vnd.oci.image.manifest.v1+json");
    }

    // A chunk that is announced and of which the first half has come.
    private async Task<Stream> BeginChunkAsync(string repository)
    {
        var location = (await SendAsync("POST", $"/v2/{repository}/blobs/uploads/", 202)).Headers.Location!.OriginalString;
        var connection = await _run.ConnectAsync();
        var path = location.StartsWith('/') ? location : new Uri(location).PathAndQuery;
        await connection.WriteAsync(Encoding.ASCII.GetBytes(
            $"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {ServerRun.Basic()}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n"));
        await connection.WriteAsync(new byte[500]);
        return connection;
    }

    private async Task<HttpResponseMessage> SendAsync(
        string method, string target, int status, byte[]? body = null, string type = "application/octet-stream", RangeHeaderValue? range = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), target) { Content = new ByteArrayContent(body ?? []) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.Range = range;
        var answer = await _client.SendAsync(request);
        Assert.Equal((target, status), (target, (int)answer.StatusCode));
        return answer;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 300; i++)
        {
            if (await condition()) return;
            await Task.Delay(100);
        }

        Assert.Fail("It did not come about within 30 seconds.");
    }

    private static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private static List<string> Listed() =>
        [.. Row().Matches(File.ReadAllText(Path.Combine(GeneratedPage.Root, "docs/reference/metrics.md"))).Select(m => m.Groups[1].Value)];

    [GeneratedRegex(@"^\| `(berth_\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    /// <summary>What <c>/metrics</c> said.</summary>
    private sealed class Metrics
    {
        private readonly Dictionary<string, double> _samples = [];

        /// <summary>The kinds of the families, by their names.</summary>
        public Dictionary<string, string> Families { get; } = [];

        /// <summary>The names of the samples.</summary>
        public HashSet<string> Names => [.. _samples.Keys.Select(sample => sample.Split('{')[0])];

        /// <summary>A sample, by its name with its labels; 0 where there is none would hide that it is missing, so that is an error.</summary>
        public double this[string sample] =>
            _samples.TryGetValue(sample, out var value) ? value : throw new KeyNotFoundException($"There is no {sample} among:\n{string.Join('\n', _samples.Keys.Order())}");

        public static Metrics Parse(string text)
        {
            var metrics = new Metrics();
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var words = line.Split(' ');
                if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) metrics.Families.Add(words[2], words[3]);
                else if (line[0] != '#') metrics._samples.Add(line[..line.LastIndexOf(' ')], double.Parse(words[^1], CultureInfo.InvariantCulture));
            }

            return metrics;
        }
    }
}
