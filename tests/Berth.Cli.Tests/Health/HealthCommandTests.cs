using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Health;

/// <summary>What <c>acr check-health</c> says of a way that is broken, and where.</summary>
public sealed class HealthCommandTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_name_that_does_not_resolve_is_the_first_error_and_the_last_check()
    {
        var (status, checks, errors) = await CheckAsync("--host", "https://registry.invalid");

        Assert.Equal(1, status);
        Assert.Equal(["tools", "dns"], checks.Select(check => check.Name));
        Assert.Equal("CONNECTIVITY_DNS_ERROR", checks[^1].Code);
        Assert.NotNull(checks[^1].NextStep);
        Assert.Contains("CONNECTIVITY_DNS_ERROR", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_nothing_listens_at_is_told_from_a_bad_name()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var (status, checks, _) = await CheckAsync("--host", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

        Assert.Equal((1, "CONNECTIVITY_CONNECTION_ERROR"), (status, checks[^1].Code));
    }

    [Fact]
    public async Task A_refused_address_is_named_with_the_command_that_lets_it_in()
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(
            403, """{"errors":[{"code":"DENIED","message":"client with IP '203.0.113.9' is not allowed access to the registry 'x'"}]}"""));

        var (status, checks, _) = await CheckAsync("--host", registry.Address, "--ignore-errors");

        Assert.Equal(1, status);
        Assert.Equal(("firewall", "CONNECTIVITY_FORBIDDEN_ERROR"), (checks[^1].Name, checks[^1].Code));
        Assert.Contains("203.0.113.9", checks[^1].Message, StringComparison.Ordinal);
        Assert.Contains("--ip-address 203.0.113.9", checks[^1].NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, null)]
    [InlineData(401, "WWW-Authenticate: Bearer service=\"x\"")]
    [InlineData(401, "WWW-Authenticate: Bearer realm=\"nowhere\"")]
    [InlineData(404, null)]
    [InlineData(502, null)]
    public async Task An_answer_that_does_not_say_where_tokens_are_to_be_had_is_no_registry_s(int answered, string? header)
    {
        await using var registry = new FakePeer(_ => header is null ? new FakeAnswer(answered) : new FakeAnswer(answered).With(header));

        var (status, checks, _) = await CheckAsync("--host", registry.Address);

        Assert.Equal((1, "CONNECTIVITY_CHALLENGE_ERROR"), (status, checks[^1].Code));
    }

    [Fact]
    public async Task A_registry_that_answers_too_many_requests_is_told_with_its_pause()
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(429).With("Retry-After: 7"));

        var (_, checks, _) = await CheckAsync("--host", registry.Address);

        Assert.Equal("CONNECTIVITY_TOOMANYREQUESTS_ERROR", checks[^1].Code);
        Assert.Contains("7 s", checks[^1].NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "ok", null)]
    [InlineData(-90, "warning", "CLOCK_SKEW_WARNING")]
    [InlineData(3600, "error", "CLOCK_SKEW_ERROR")]
    public async Task Clocks_that_are_apart_are_told(int seconds, string status, string? code)
    {
        var date = TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture);
        await using var registry = new FakePeer(_ => new FakeAnswer(200, "{}").With($"Date: {date}"));

        var (_, checks, _) = await CheckAsync("--host", registry.Address);

        var clock = checks.Single(check => check.Name == "clock");
        Assert.Equal((status, code), (clock.Status, clock.Code));
    }

    [Fact]
    public async Task Token_list_and_pull_of_a_healthy_registry_are_tried_with_what_was_given()
    {
        await using var registry = Registry();

        var (status, checks, errors) = await CheckAsync("--host", registry.Address, "--username", "ann", "--password", "right", "--image", "app:1");

        Assert.Equal((0, ""), (status, errors));
        Assert.Equal(["tools", "dns", "connection", "challenge", "refresh-token", "access-token", "catalog", "pull"], checks.Select(check => check.Name));
        Assert.DoesNotContain(checks, check => check.Status == "error");
        Assert.DoesNotContain(registry.Seen, request => request.Method is not ("GET" or "HEAD"));
    }

    [Fact]
    public async Task A_wrong_password_is_an_error_of_the_access_token()
    {
        await using var registry = Registry();

        var (status, checks, _) = await CheckAsync("--host", registry.Address, "--username", "ann", "--password", "wr0ng-one");

        Assert.Equal((1, "CONNECTIVITY_ACCESS_TOKEN_ERROR"), (status, checks[^1].Code));
        Assert.DoesNotContain("wr0ng-one", string.Join('\n', checks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_an_error_of_the_pull()
    {
        await using var registry = Registry();

        var (status, checks, _) = await CheckAsync("--host", registry.Address, "--username", "ann", "--password", "right", "--image", "app:none");

        Assert.Equal((1, "PULL_ERROR"), (status, checks[^1].Code));
    }

    [Fact]
    public async Task What_does_not_need_the_failed_check_is_looked_at_when_errors_are_to_be_ignored()
    {
        await using var registry = Registry(catalog: 500);
        string[] command = ["--host", registry.Address, "--username", "ann", "--password", "right", "--image", "app:1"];

        var (_, checks, _) = await CheckAsync(command);
        Assert.Equal("catalog", checks[^1].Name);

        var (status, all, _) = await CheckAsync([.. command, "--ignore-errors"]);
        Assert.Equal((1, "pull", "ok"), (status, all[^1].Name, all[^1].Status));
    }

    [Fact]
    public async Task People_read_lines_and_nobody_without_a_registry_asks_one()
    {
        var run = await _client.RunAsync("acr", "check-health");

        Assert.Equal((0, ""), (run.Status, run.Errors));
        Assert.Matches(@"\Atools +ok +.+\n\z", run.Output);
    }

    private static FakePeer Registry(int catalog = 200)
    {
        FakePeer peer = null!;
        var right = Convert.ToBase64String("ann:right"u8);
        peer = new FakePeer(request => request.Path switch
        {
            "/oauth2/token" => request.Head.Contains($"Basic {right}", StringComparison.Ordinal) ? new FakeAnswer(200, """{"access_token":"good"}""") : new FakeAnswer(401),
            _ when !request.Head.Contains("Bearer good", StringComparison.Ordinal) =>
                new FakeAnswer(401).With($"WWW-Authenticate: Bearer realm=\"{peer.Address}/oauth2/token\",service=\"fake\""),
            "/v2/" => new FakeAnswer(200, "{}"),
            "/v2/_catalog" => new FakeAnswer(catalog, """{"repositories":["app"]}"""),
            "/v2/app/manifests/1" => new FakeAnswer(200, """{"schemaVersion":2}""").With("Content-Type: application/vnd.oci.image.manifest.v1+json"),
            _ => new FakeAnswer(404, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}"""),
        });
        return peer;
    }

    private async Task<(int Status, List<Check> Checks, string Errors)> CheckAsync(params string[] arguments)
    {
        var run = await _client.RunAsync(["acr", "check-health", .. arguments, "--output", "json"]);
        using var answer = JsonDocument.Parse(run.Output);
        return (run.Status, [.. answer.RootElement.EnumerateArray().Select(check => new Check(
            check.GetProperty("check").GetString()!, check.GetProperty("status").GetString()!, check.GetProperty("code").GetString(), check.GetProperty("message").GetString()!,
            check.GetProperty("nextStep").GetString()))], run.Errors);
    }

    private sealed record Check(string Name, string Status, string? Code, string Message, string? NextStep);
}
