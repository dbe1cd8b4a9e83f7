using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Berth.Server.Tests.Hosting;

/// <summary>One real server for all tests here; none of them changes its state.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    internal ServerRun Run { get; private set; } = null!;

    internal string Data => _folder.Data;

    public async ValueTask InitializeAsync() => Run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Logging__Level"] = "Debug", ["BERTH_Nonsense"] = "1" });

    public async ValueTask DisposeAsync()
    {
        await Run.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class RunningServerTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly HttpClient _client = ServerRun.Client();

    public void Dispose() => _client.Dispose();

    [Fact]
    public void The_ready_line_names_the_addresses_and_the_registry() =>
        Assert.Contains($"Berth is ready: {server.Run.Http.ToString().TrimEnd('/')} {server.Run.Https.ToString().TrimEnd('/')} (registry local.berth.localhost:{server.Run.Https.Port})", server.Run.Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("/healthz/live", "alive")]
    [InlineData("/healthz/ready", "ready")]
    public async Task The_probes_answer_without_credentials(string path, string status)
    {
        using var answer = await _client.GetAsync(new Uri(server.Run.Http, path));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(status, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_well_known_document_names_hosts_with_the_port_that_is_not_443()
    {
        using var json = JsonDocument.Parse(await _client.GetStringAsync(new Uri(server.Run.Https, "/.well-known/berth")));
        string Text(string name) => json.RootElement.GetProperty(name).GetString()!;
        var port = server.Run.Https.Port;
        Assert.Matches(@"^\d+\.\d+\.\d+", Text("version"));
        Assert.Equal("berth.localhost", Text("domain"));
        Assert.True(Guid.TryParse(Text("tenantId"), out _));
        Assert.True(Guid.TryParse(Text("subscriptionId"), out _));
        Assert.NotEqual(Text("tenantId"), Text("subscriptionId"));
        Assert.Equal($"https://login.berth.localhost:{port}", Text("loginEndpoint"));
        Assert.Equal($"https://arm.berth.localhost:{port}", Text("armEndpoint"));
        Assert.Equal($"https://graph.berth.localhost:{port}", Text("graphEndpoint"));
        Assert.Equal("local", Text("defaultRegistry"));
        Assert.Equal($"local.berth.localhost:{port}", Text("loginServer"));
    }

    [Fact]
    public async Task The_cloud_document_is_what_az_cloud_register_reads()
    {
        using var json = JsonDocument.Parse(await _client.GetStringAsync(new Uri(server.Run.Http, "/cloud.json")));
        var endpoints = json.RootElement.GetProperty("endpoints");
        var port = server.Run.Https.Port;
        Assert.Equal($"https://login.berth.localhost:{port}/adfs", endpoints.GetProperty("activeDirectory").GetString());
        foreach (var name in new[] { "activeDirectoryResourceId", "management", "resourceManager" })
            Assert.Equal($"https://arm.berth.localhost:{port}", endpoints.GetProperty(name).GetString());
        foreach (var name in new[] { "activeDirectoryGraphResourceId", "microsoftGraphResourceId" })
            Assert.Equal($"https://graph.berth.localhost:{port}", endpoints.GetProperty(name).GetString());
        Assert.Equal($".berth.localhost:{port}", json.RootElement.GetProperty("suffixes").GetProperty("acrLoginServerEndpoint").GetString());
    }

    [Fact]
    public async Task The_data_plane_answers_its_challenge_and_takes_the_owner()
    {
        using var refused = await _client.GetAsync(new Uri(server.Run.Http, "/v2/"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Run.Https, "/v2/"));
        request.Headers.TryAddWithoutValidation("Authorization", ServerRun.Basic());
        using var taken = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Fact]
    public async Task Every_answer_carries_a_request_id_of_its_own()
    {
        var ids = new HashSet<string>();
        foreach (var path in new[] { "/healthz/live", "/v2/", "/nothing", "/cloud.json" })
        {
            using var answer = await _client.GetAsync(new Uri(server.Run.Http, path));
            Assert.True(ids.Add(answer.Headers.GetValues("X-Request-Id").Single()));
        }
    }

    [Theory]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("POST", "/healthz/live", 405)]
    [InlineData("HEAD", "/healthz/live", 200)]
    public async Task Other_paths_and_methods_are_answered_as_errors_in_json(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(server.Run.Http, path));
        using var answer = await _client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Metrics_answer_local_callers_with_the_products_and_the_runtimes_figures()
    {
        var text = await _client.GetStringAsync(new Uri(server.Run.Http, "/metrics"));
        foreach (var name in new[] { "berth_repositories", "berth_storage_free_bytes", "berth_blobs_size_bytes", "http_server_request_duration_seconds", "dotnet_gc_collections_total", "kestrel_active_connections" })
            Assert.Contains(name, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_proxy_passes_on_reads_metrics_with_a_credential_only()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Run.Http, "/metrics"));
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        using var answer = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Forwarded_headers_of_a_caller_that_is_no_trusted_proxy_change_nothing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, new Uri(server.Run.Http, "/not-forwarded"));
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        using var answer = await _client.SendAsync(request);
        await Eventually(() => server.Run.Errors.Contains("DELETE /not-forwarded 404", StringComparison.Ordinal));
        Assert.DoesNotContain("203.0.113.9", server.Run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("local.berth.localhost")]
    [InlineData("berth.localhost")]
    [InlineData("localhost")]
    public async Task A_client_that_trusts_the_ca_connects_by_each_name(string name)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.Data, "tls", "ca.pem"));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Run.Https.Port);
        await using var tls = new SslStream(new NetworkStream(socket));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = name,
            CertificateChainPolicy = policy,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        });
        Assert.Equal(SslApplicationProtocol.Http11, tls.NegotiatedApplicationProtocol);
    }

    [Fact]
    public async Task A_misspelt_variable_is_a_warning_that_names_it()
    {
        await Eventually(() => server.Run.Errors.Contains("BERTH_Nonsense", StringComparison.Ordinal));
        Assert.Contains("\"level\":\"warning\"", server.Run.Errors.Split('\n').First(l => l.Contains("BERTH_Nonsense", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_is_json_lines_with_request_ids_and_without_secrets()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Run.Http, "/v2/_catalog?secret=in-the-query"));
        request.Headers.TryAddWithoutValidation("Authorization", ServerRun.Basic());
        using var answer = await _client.SendAsync(request);
        var id = answer.Headers.GetValues("X-Request-Id").Single();
        await Eventually(() => server.Run.Errors.Contains($"\"requestId\":\"{id}\"", StringComparison.Ordinal));
        var errors = server.Run.Errors;
        Assert.All(errors.Split('\n'), line => JsonDocument.Parse(line).Dispose());
        Assert.DoesNotContain(ServerRun.Password, errors + server.Run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(ServerRun.Basic()["Basic ".Length..], errors, StringComparison.Ordinal);
        Assert.DoesNotContain("in-the-query", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_folder_stops_with_the_holders_name()
    {
        var (exitCode, _, errors) = await ServerRun.RunAsync(["serve", "--data", server.Data, "--http", "127.0.0.1:0", "--https", "none"]);
        Assert.Equal(2, exitCode);
        Assert.Contains("is in use by process", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--http")]
    [InlineData("--https")]
    public async Task A_port_that_is_taken_stops_the_start_with_one_sentence(string flag)
    {
        using var folder = new TemporaryFolder();
        var other = flag == "--http" ? "--https" : "--http";
        var (exitCode, _, errors) = await ServerRun.RunAsync(
            ["serve", "--data", folder.Data, flag, $"127.0.0.1:{server.Run.Http.Port}", other, "none"], new() { ["BERTH_Logging__Level"] = "Error" });
        Assert.Equal(2, exitCode);
        Assert.Contains($"({flag}) is '127.0.0.1:{server.Run.Http.Port}', where another program listens already", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_folder_is_closed_to_others() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(server.Data));

    private static async Task Eventually(Func<bool> condition)
    {
        for (var i = 0; i < 200 && !condition(); i++)
            await Task.Delay(50);
        Assert.True(condition());
    }
}
