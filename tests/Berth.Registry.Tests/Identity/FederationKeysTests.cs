using System.Text.Json.Nodes;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>How an issuer's keys are come by, how long they are kept, and what an issuer that fails or lies costs.</summary>
public sealed class FederationKeysTests : IAsyncLifetime
{
    private static readonly RequestDelegate Down = context =>
    {
        context.Response.StatusCode = 503;
        return Task.CompletedTask;
    };

    private TokenIssuer _issuer = null!;
    private RegistryHost _host = null!;
    private PrincipalRecord _principal = null!;

    private DateTimeOffset Now => _host.Time.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync();
        _host = await RegistryHost.StartAsync(options: new RegistryOptions { Outbound = HttpsServer.Loopback }, trust: _issuer.Server.Trust);
        var made = await _host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, "pipeline", "pipeline", ClientId: Guid.NewGuid().ToString()), Caller.System, CancellationToken.None);
        _principal = made.Record!;
        await TrustAsync(_issuer.Name);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task Keys_are_fetched_once_for_an_hour()
    {
        Assert.True(await IsGoodAsync());
        _host.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.True(await IsGoodAsync());
        Assert.Equal(1, _issuer.Fetches);

        _host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(await IsGoodAsync());
        Assert.Equal(2, _issuer.Fetches);
    }

    [Fact]
    public async Task Many_callers_at_once_are_one_fetch()
    {
        var release = new TaskCompletionSource();
        var answer = _issuer.Server.Answers["/jwks"];
        _issuer.Server.Answers["/jwks"] = async context =>
        {
            await release.Task;
            await answer(context);
        };

        var callers = Enumerable.Range(0, 20).Select(_ => IsGoodAsync()).ToArray();
        release.SetResult();

        Assert.DoesNotContain(false, await Task.WhenAll(callers));
        Assert.Equal(1, _issuer.Fetches);
    }

    [Fact]
    public async Task A_new_key_is_found_when_a_token_names_it_and_a_withdrawn_one_ends()
    {
        Assert.True(await IsGoodAsync());
        using var next = System.Security.Cryptography.RSA.Create(2048);
        _issuer.Publish(TokenIssuer.JwkOf(next, "k2"));
        string Signed() => _issuer.Token(Now, new { kid = "k2" }, sign: _issuer.With(next));

        Assert.False(await IsGoodAsync(Signed())); // the issuer was asked a moment ago
        _host.Time.Advance(IssuerKeys.Pause);
        Assert.True(await IsGoodAsync(Signed()));
        Assert.False(await IsGoodAsync()); // signed with the old one
        Assert.Equal(2, _issuer.Fetches);
    }

    [Fact]
    public async Task Unknown_key_ids_make_it_ask_the_issuer_at_most_every_30_seconds()
    {
        Assert.True(await IsGoodAsync());
        for (var second = 0; second < 90; second++)
        {
            Assert.False(await IsGoodAsync(_issuer.Token(Now, new { kid = $"unknown-{second}" })));
            _host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(3, _issuer.Fetches); // at the start, after 30 and after 60 seconds
    }

    [Fact]
    public async Task Keys_outlive_their_issuer_for_a_day()
    {
        Assert.True(await IsGoodAsync());
        _issuer.Server.Answers["/jwks"] = Down;

        _host.Time.Advance(TimeSpan.FromHours(23));
        Assert.True(await IsGoodAsync());
        _host.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(await IsGoodAsync());
    }

    [Fact]
    public async Task A_dead_issuer_is_asked_once_in_30_seconds_and_found_again_then()
    {
        var answer = _issuer.Server.Answers["/jwks"];
        _issuer.Server.Answers["/jwks"] = Down;
        for (var i = 0; i < 10; i++) Assert.False(await IsGoodAsync());
        Assert.Equal(1, _issuer.Fetches);

        _issuer.Server.Answers["/jwks"] = answer;
        _host.Time.Advance(IssuerKeys.Pause);
        Assert.True(await IsGoodAsync());
    }

    [Fact]
    public async Task An_issuer_that_says_what_it_may_not_is_not_believed()
    {
        var configuration = "/.well-known/openid-configuration";
        var good = _issuer.Configuration.ToJsonString();
        var keys = new JsonObject { ["keys"] = new JsonArray(TokenIssuer.JwkOf(_issuer.Key, "k1")) }.ToJsonString();
        RequestDelegate Saying(string text) => context => context.Response.WriteAsync(text);
        RequestDelegate Redirect(string path) => context =>
        {
            context.Response.Redirect(_issuer.Name + path);
            return Task.CompletedTask;
        };
        _issuer.Server.Answers["/elsewhere"] = Saying(keys);
        _issuer.Server.Answers["/configuration"] = Saying(good);
        var believed = new List<string>();
        foreach (var (name, path, answer) in ((string, string, RequestDelegate)[])[
            ("another issuer's configuration", configuration, Saying(good.Replace($"\"{_issuer.Name}\"", "\"https://issuer.example\"", StringComparison.Ordinal))),
            ("an issuer with a slash", configuration, Saying(good.Replace($"\"{_issuer.Name}\"", $"\"{_issuer.Name}/\"", StringComparison.Ordinal))),
            ("keys without TLS", configuration, Saying(good.Replace($"{_issuer.Name}/jwks", $"http://127.0.0.1:{_issuer.Server.Port}/jwks", StringComparison.Ordinal))),
            ("keys in a file", configuration, Saying(good.Replace($"{_issuer.Name}/jwks", "file:///etc/passwd", StringComparison.Ordinal))),
            ("keys at a private address", configuration, Saying(good.Replace($"{_issuer.Name}/jwks", "https://10.0.0.1/jwks", StringComparison.Ordinal))),
            ("a redirected configuration", configuration, Redirect("/configuration")), ("redirected keys", "/jwks", Redirect("/elsewhere")),
            ("no JSON", "/jwks", Saying("<html>")), ("another JSON", "/jwks", Saying("[]")), ("no list", "/jwks", Saying("""{"keys":{}}""")),
            ("too large", "/jwks", Saying(keys[..^1] + ",\"x\":\"" + new string('x', 300_000) + "\"}")),
            ("too many keys", "/jwks", Saying($$"""{"keys":[{{string.Join(',', Enumerable.Repeat("{}", 101))}}]}""")),
            ("a member that stands twice", "/jwks", Saying("""{"keys":[],""" + keys[1..])),
            ("a broken key", "/jwks", Saying(keys.Replace("\"e\":\"AQAB\"", "\"e\":\"AQ*B\"", StringComparison.Ordinal))),
            ("a key that is a text", "/jwks", Saying("""{"keys":["k1"]}""")), ("a cut connection", "/jwks", CutOff)])
        {
            var before = _issuer.Server.Answers[path];
            _issuer.Server.Answers[path] = answer;
            if (await IsGoodAsync()) believed.Add(name);
            _issuer.Server.Answers[path] = before;
            _host.Time.Advance(IssuerKeys.Pause);
        }

        Assert.Empty(believed);
        Assert.DoesNotContain("/elsewhere", _issuer.Server.Asked);
        Assert.True(await IsGoodAsync());
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration", """{"issuer":"\ud800"}""")]
    [InlineData("/.well-known/openid-configuration", """{"\ud800":1}""")]
    [InlineData("/jwks", """{"\ud800":1,"keys":[]}""")]
    [InlineData("/jwks", """{"keys":[{"kty":"\ud800"}]}""")]
    public async Task A_document_with_text_that_cannot_be_read_is_no_document(string path, string body)
    {
        var answer = _issuer.Server.Answers[path];
        _issuer.Server.Answers[path] = context => context.Response.WriteAsync(body);
        Assert.False(await IsGoodAsync());

        _issuer.Server.Answers[path] = answer;
        _host.Time.Advance(IssuerKeys.Pause);
        Assert.True(await IsGoodAsync());
    }

    [Fact]
    public async Task A_caller_that_leaves_does_not_end_the_fetch_for_the_others()
    {
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var answer = _issuer.Server.Answers["/jwks"];
        _issuer.Server.Answers["/jwks"] = async context =>
        {
            asked.SetResult();
            await release.Task;
            await answer(context);
        };
        using var leaving = new CancellationTokenSource();
        var first = VerifyAsync(_issuer.Token(Now), leaving.Token);
        await asked.Task;
        var second = IsGoodAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.SetResult();

        Assert.True(await second);
        Assert.Equal(1, _issuer.Fetches);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user@127.0.0.1:1")]
    [InlineData("https://127.0.0.1:1?x=y")]
    [InlineData("not an address")]
    public async Task An_issuer_that_is_no_https_address_is_never_good(string issuer)
    {
        await TrustAsync(issuer);
        Assert.False(await IsGoodAsync(_issuer.Token(Now, claims: new { iss = issuer })));
    }

    [Fact]
    public async Task An_issuer_at_a_private_address_is_refused_unless_its_network_is_allowed()
    {
        await using var host = await RegistryHost.StartAsync(trust: _issuer.Server.Trust);
        var made = await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ManagedIdentity, "pipeline", "pipeline", ClientId: Guid.NewGuid().ToString()), Caller.System, CancellationToken.None);
        await host.Metadata.PutFederatedCredentialAsync(
            made.Record!.Id, new FederatedCredentialRecord("ci", _issuer.Name, TokenIssuer.Subject, [TokenIssuer.Audience], null), Caller.System, CancellationToken.None);

        var verify = host.Services.GetRequiredService<FederatedAssertions>();
        Assert.Null(await verify.VerifyAsync(made.Record, _issuer.Token(host.Time.GetUtcNow()), CancellationToken.None));
        Assert.Empty(_issuer.Server.Asked);
    }

    private static Task CutOff(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private Task<bool> IsGoodAsync(string? token = null) => VerifyAsync(token ?? _issuer.Token(Now), CancellationToken.None);

    private async Task<bool> VerifyAsync(string token, CancellationToken cancellationToken) =>
        await _host.Services.GetRequiredService<FederatedAssertions>().VerifyAsync(_principal, token, cancellationToken) is not null;

    private Task<CreateOutcome> TrustAsync(string issuer) => _host.Metadata.PutFederatedCredentialAsync(
        _principal.Id, new FederatedCredentialRecord("ci", issuer, TokenIssuer.Subject, [TokenIssuer.Audience], null), Caller.System, CancellationToken.None);
}
