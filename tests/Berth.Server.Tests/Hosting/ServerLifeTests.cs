using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Berth.Server.Hosting;

using Berth.Server.Tests.Telemetry;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Npgsql;

namespace Berth.Server.Tests.Hosting;

/// <summary>Starts and ends of the real program.</summary>
public sealed partial class ServerLifeTests : IDisposable
{
    private const string HeldLeases = "SELECT count(*) FROM leases WHERE expires_at > extract(epoch FROM clock_timestamp()) * 1000";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("serve", "--bogus")]
    [InlineData("serve", "--http", "0.0.0.0:5000")]
    [InlineData("serve", "--config", "/nonexistent/berth.json")]
    [InlineData("nonsense")]
    public async Task What_cannot_start_says_so_in_one_sentence_and_exits_with_2(params string[] arguments)
    {
        var (exitCode, output, errors) = await ServerRun.RunAsync(arguments);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.StartsWith("berth: ", errors, StringComparison.Ordinal);
        Assert.Single(errors.Split('\n'));
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_no_reason_to_start_never_again()
    {
        var nobody = FreePorts.FirstOf(1);
        var (exitCode, _, errors) = await ServerRun.RunAsync(
            ["serve", "--data", _folder.Data, "--http", "127.0.0.1:0", "--https", "none"],
            new() { ["BERTH_Metadata__Kind"] = "Postgres", ["BERTH_Metadata__ConnectionString"] = $"Host=127.0.0.1;Port={nobody};Username=berth;Database=berth" });
        Assert.Equal(1, exitCode);
        Assert.Equal("berth: The metadata database does not answer; try again later.", errors.Split('\n')[^1]);
    }

    [Fact]
    public async Task The_version_is_printed()
    {
        var (exitCode, output, _) = await ServerRun.RunAsync(["version"]);
        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public async Task A_first_start_shows_the_generated_password_once_and_a_later_one_can_set_another()
    {
        var none = new Dictionary<string, string?> { ["BERTH_OWNER_PASSWORD"] = null };
        string password;
        await using (var first = await ServerRun.StartAsync(_folder.Data, variables: none))
        {
            password = GeneratedPassword().Match(first.Output).Groups[1].Value;
            Assert.True(password.Length >= 24, first.Output);
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(first, password));
            Assert.DoesNotContain(password, first.Errors, StringComparison.Ordinal);
            first.Terminate();
            Assert.Equal(0, await first.WaitForEndAsync());
        }

        await using (var second = await ServerRun.StartAsync(_folder.Data, variables: none))
        {
            Assert.DoesNotContain("Password", second.Output, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(second, password));
            second.Terminate();
            Assert.Equal(0, await second.WaitForEndAsync());
        }

        await using var third = await ServerRun.StartAsync(_folder.Data);
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(third, password));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(third, ServerRun.Password));
    }

    [Fact]
    public async Task A_password_generated_by_a_start_that_fails_elsewhere_is_shown_all_the_same()
    {
        var (exitCode, output, errors) = await ServerRun.RunAsync(
            ["serve", "--data", _folder.Data, "--http", "127.0.0.1:0"],
            new() { ["BERTH_OWNER_PASSWORD"] = null, ["BERTH_Tls__Certificate"] = Path.Combine(_folder.Path, "none.pem") });
        Assert.Equal(2, exitCode);
        Assert.Contains("Tls:Certificate is '", errors, StringComparison.Ordinal);
        var password = GeneratedPassword().Match(output).Groups[1].Value;

        await using var again = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_OWNER_PASSWORD"] = null });
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(again, password));
    }

    [Theory]
    [InlineData("")]
    [InlineData(1025)]
    public async Task A_password_that_cannot_be_one_stops_the_start(object value)
    {
        var password = value is int length ? new string('x', length) : (string)value;
        var (exitCode, _, errors) = await ServerRun.RunAsync(["serve", "--data", _folder.Data], new() { ["BERTH_OWNER_PASSWORD"] = password });
        Assert.Equal(2, exitCode);
        Assert.Contains("BERTH_OWNER_PASSWORD is empty or too long", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blob_store_that_lost_its_identity_or_has_anothers_stops_the_start()
    {
        await using (var run = await ServerRun.StartAsync(_folder.Data))
        {
            run.Terminate();
            await run.WaitForEndAsync();
        }

        var identity = Path.Combine(Stores.BlobRoot(_folder.Data), "identity");
        var kept = await File.ReadAllBytesAsync(identity);
        File.Delete(identity);
        Assert.Contains("lost its identity", await RefusalAsync(), StringComparison.Ordinal);

        // The whole store is gone, as an unmounted volume is.
        Directory.Move(Stores.BlobRoot(_folder.Data), Path.Combine(_folder.Path, "away"));
        Assert.Contains("lost its identity", await RefusalAsync(), StringComparison.Ordinal);
        Directory.Delete(Stores.BlobRoot(_folder.Data), recursive: true);
        Directory.Move(Path.Combine(_folder.Path, "away"), Stores.BlobRoot(_folder.Data));

        var other = Encoding.UTF8.GetString(kept).ToCharArray();
        var digit = Array.FindIndex(other, char.IsAsciiHexDigit);
        other[digit] = other[digit] == '0' ? '1' : '0';
        await File.WriteAllTextAsync(identity, new string(other));
        Assert.Contains("another installation", await RefusalAsync(), StringComparison.Ordinal);

        await File.WriteAllBytesAsync(identity, kept);
        await using var again = await ServerRun.StartAsync(_folder.Data);
    }

    [Fact]
    public async Task After_SIGTERM_nobody_new_is_let_in_and_the_request_in_flight_is_answered()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data);
        var body = RandomNumberGenerator.GetBytes(64 * 1024);
        await using var upload = await run.ConnectAsync();
        await BeginAsync(run, upload, body);
        await upload.WriteAsync(body.AsMemory(0, 1000));
        await Task.Delay(500);

        run.Terminate();
        await Refused(run);
        await upload.WriteAsync(body.AsMemory(1000));
        using var reader = new StreamReader(upload);
        Assert.Equal("HTTP/1.1 201 Created", await reader.ReadLineAsync());
        Assert.Equal(0, await run.WaitForEndAsync());
    }

    [Fact]
    public async Task A_request_that_does_not_end_is_cut_off_after_the_drain_timeout_and_the_exit_code_is_0()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Shutdown__DrainTimeout"] = "1s" });
        await using var upload = await run.ConnectAsync();
        await BeginAsync(run, upload, new byte[1000]);
        var started = Stopwatch.GetTimestamp();
        run.Terminate();
        Assert.Equal(0, await run.WaitForEndAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.5, 25);
        Assert.Contains("were cut off", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_that_may_take_longer_than_half_a_minute_does()
    {
        Assert.SkipUnless(TestRun.IsLong, "It takes more than half a minute.");
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Shutdown__DrainTimeout"] = "90s" });
        var body = RandomNumberGenerator.GetBytes(64 * 1024);
        await using var upload = await run.ConnectAsync();
        await BeginAsync(run, upload, body);
        run.Terminate();

        // Slowly, but never so slowly that it stands still.
        for (var sent = 0; sent < 40_000; sent += 1000)
        {
            await upload.WriteAsync(body.AsMemory(sent, 1000));
            await Task.Delay(1000);
        }

        await upload.WriteAsync(body.AsMemory(40_000));
        using var reader = new StreamReader(upload);
        Assert.Equal("HTTP/1.1 201 Created", await reader.ReadLineAsync());
        Assert.Equal(0, await run.WaitForEndAsync());
    }

    [Fact]
    public async Task A_node_whose_drain_is_cut_off_gives_its_jobs_back_and_says_that_it_ends()
    {
        if (PostgresServer.Lacking is { } lacking)
        {
            if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
            Assert.Skip(lacking);
        }

        var postgres = await PostgresServer.GetAsync();
        var database = await postgres.CreateDatabaseAsync(null, CancellationToken.None);
        try
        {
            await using var connection = new NpgsqlConnection(postgres.ConnectionString(database) + ";Pooling=false");
            await connection.OpenAsync();
            await using var run = await ServerRun.StartAsync(_folder.Data, variables: new()
            {
                ["BERTH_Metadata__Kind"] = "Postgres",
                ["BERTH_Metadata__ConnectionString"] = postgres.ConnectionString(database),
                ["BERTH_Lifecycle__Interval"] = "1s",
                ["BERTH_Shutdown__DrainTimeout"] = "1s",
            });
            await using var upload = await run.ConnectAsync();
            await BeginAsync(run, upload, new byte[1000]);
            for (var i = 0; i < 200 && await CountAsync(connection, HeldLeases) == 0; i++) await Task.Delay(100);
            Assert.NotEqual(0, await CountAsync(connection, HeldLeases));
            Assert.Equal(1, await CountAsync(connection, "SELECT count(*) FROM nodes"));

            run.Terminate();

            Assert.Equal(0, await run.WaitForEndAsync());
            Assert.Contains("were cut off", run.Errors, StringComparison.Ordinal);
            Assert.Equal(0, await CountAsync(connection, HeldLeases));
            Assert.Equal(0, await CountAsync(connection, "SELECT count(*) FROM nodes"));
        }
        finally
        {
            await postgres.DropDatabaseAsync(database, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_trusted_proxy_names_the_client_who_needs_a_credential_to_read_metrics()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Http__TrustedProxies"] = "127.0.0.0/8" });
        using var client = ServerRun.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        using (await client.DeleteAsync(new Uri(run.Http, "/forwarded")))
        {
        }

        using var metrics = await client.GetAsync(new Uri(run.Http, "/metrics"));
        Assert.Equal(HttpStatusCode.Unauthorized, metrics.StatusCode);
        run.Terminate();
        await run.WaitForEndAsync();
        Assert.Contains(run.Errors.Split('\n'), l => l.Contains("/forwarded", StringComparison.Ordinal) && l.Contains("203.0.113.9", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_that_is_replaced_is_served_without_a_restart()
    {
        var (certificate, key) = (Path.Combine(_folder.Path, "cert.pem"), Path.Combine(_folder.Path, "key.pem"));
        var first = WriteCertificate(certificate, key);
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new()
        {
            ["BERTH_Tls__Certificate"] = certificate,
            ["BERTH_Tls__Key"] = key,
            ["BERTH_Tls__ReloadInterval"] = "1s",
        });
        Assert.Equal(first, await ServedThumbprintAsync(run));
        Assert.False(Directory.Exists(Path.Combine(_folder.Data, "tls")));

        var second = WriteCertificate(certificate, key);
        var served = first;
        for (var i = 0; i < 100 && served == first; i++)
        {
            await Task.Delay(200);
            served = await ServedThumbprintAsync(run);
        }

        Assert.Equal(second, served);
    }

    [Fact]
    public async Task Metrics_and_traces_are_sent_to_the_collector_that_is_named()
    {
        await using var collector = new OtlpReceiver();
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: collector.Settings);
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(run, ServerRun.Password));
        run.Terminate();
        Assert.Equal(0, await run.WaitForEndAsync());
        Assert.Contains("GET /v2/", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("berth.distribution.request.duration", collector.Metrics, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> SignInAsync(ServerRun run, string password)
    {
        using var client = ServerRun.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ServerRun.Basic(password));
        using var answer = await client.GetAsync(new Uri(run.Http, "/v2/"));
        return answer.StatusCode;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    // The server says that it goes on when it begins to read the body: then the request is in flight.
    private static async Task BeginAsync(ServerRun run, NetworkStream upload, byte[] body)
    {
        const string GoOn = "HTTP/1.1 100 Continue\r\n\r\n";
        await upload.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v2/drain/blobs/uploads/?digest=sha256:{Convert.ToHexStringLower(SHA256.HashData(body))} HTTP/1.1\r\nHost: 127.0.0.1:{run.Http.Port}\r\n"
            + $"Authorization: {ServerRun.Basic()}\r\nContent-Type: application/octet-stream\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        var answer = new byte[GoOn.Length];
        await upload.ReadExactlyAsync(answer);
        Assert.Equal(GoOn, Encoding.ASCII.GetString(answer));
    }

    private static async Task Refused(ServerRun run)
    {
        for (var i = 0; i < 200; i++)
        {
            try
            {
                await using var connection = await run.ConnectAsync();
            }
            catch (SocketException)
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail("New connections are still taken after SIGTERM.");
    }

    private static string WriteCertificate(string certificate, string key)
    {
        using var authority = Berth.Server.Tls.LocalAuthority.Create(DateTimeOffset.UtcNow);
        using var leaf = authority.Issue(new(["localhost"], []), DateTimeOffset.UtcNow);
        File.WriteAllText(certificate, leaf.ExportCertificatePem());
        using var ecdsa = leaf.GetECDsaPrivateKey()!;
        File.WriteAllText(key, ecdsa.ExportPkcs8PrivateKeyPem());
        return leaf.Thumbprint;
    }

    private static async Task<string> ServedThumbprintAsync(ServerRun run)
    {
        var thumbprint = "";
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new()
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    thumbprint = certificate!.GetCertHashString();
                    return true;
                },
            },
        });
        using var answer = await client.GetAsync(new Uri(run.Https, "/healthz/live"));
        return thumbprint;
    }

    private async Task<string> RefusalAsync()
    {
        var (exitCode, _, errors) = await ServerRun.RunAsync(["serve", "--data", _folder.Data, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]);
        Assert.Equal(2, exitCode);
        return errors;
    }

    [GeneratedRegex(@"User: owner  Password: (\S+)")]
    private static partial Regex GeneratedPassword();
}
