using Berth.Cli.Session;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Session;

/// <summary>What <c>--verbose</c> and <c>--debug</c> tell of requests, and what they keep to themselves.</summary>
public sealed class RequestTraceTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("https://r.example/v2/a/tags/list?n=5&last=b", "https://r.example/v2/a/tags/list?n=5&last=b")]
    [InlineData("https://s3.example/b?X-Amz-Signature=abc&n=1", "https://s3.example/b?X-Amz-Signature=…&n=1")]
    [InlineData("https://blob.example/c?sv=1&sig=abc", "https://blob.example/c?sv=…&sig=…")]
    [InlineData("https://user:word@r.example/v2/?api-version=1", "https://r.example/v2/?api-version=1")]
    public void Of_an_address_only_what_is_known_to_be_harmless_is_told(string address, string told)
    {
        Assert.Equal(told, RequestTrace.Redact(new Uri(address), withQuery: true));
        Assert.DoesNotContain('?', RequestTrace.Redact(new Uri(address), withQuery: false));
    }

    [Theory]
    [InlineData("--verbose")]
    [InlineData("--debug")]
    public async Task Each_request_is_told_with_its_id_and_without_a_secret(string flag)
    {
        await using var arm = new FakePeer(_ => FakeArm.List([]).With("X-Request-Id: id-of-it").With("Set-Cookie: s3cr3t"));
        _client.SignIn(arm);
        var quiet = await _client.RunAsync("acr", "list");
        Assert.Equal(("[]\n", ""), (quiet.Output, quiet.Errors));

        var run = await _client.RunAsync("acr", "list", flag);

        Assert.Equal("[]\n", run.Output);
        Assert.Matches($@"\Aberth: GET {arm.Address}/subscriptions/\S+ -> 200 in [0-9]+ ms \(request id-of-it\)\n", run.Errors);
        Assert.Equal(flag == "--debug", run.Errors.Contains("api-version=", StringComparison.Ordinal));
        Assert.Equal(flag == "--debug", run.Errors.Contains("X-Request-Id: id-of-it", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("s3cr3t", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_data_plane_s_requests_are_told_too()
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(200, """{"repositories":["app"]}"""));
        var run = await _client.RunAsync("acr", "repository", "list", "--name", registry.Address, "--verbose");
        Assert.Contains($"GET {registry.Address}/v2/_catalog -> 200", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_fails_is_told_with_the_id_that_the_log_has()
    {
        await using var arm = new FakePeer(_ => new FakeAnswer(500).With("X-Request-Id: id-of-it"));
        _client.SignIn(arm);
        var run = await _client.RunAsync("acr", "list");
        Assert.Equal((1, ""), (run.Status, run.Output));
        Assert.Contains("its log says more of the request id-of-it", run.Errors, StringComparison.Ordinal);
    }
}
