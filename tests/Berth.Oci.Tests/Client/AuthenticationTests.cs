using System.Text;
using Berth.Oci.Client;
using Microsoft.Extensions.Time.Testing;
using static Berth.Oci.Tests.Client.Clients;

namespace Berth.Oci.Tests.Client;

public sealed class AuthenticationTests
{
    private const string Needed = "UNAUTHORIZED";

    private static FakeAnswer Challenge(string challenge) => FakeAnswer.Error(401, Needed).With("WWW-Authenticate", challenge);

    [Fact]
    public async Task Basic_is_answered_and_then_brought_along()
    {
        await using var registry = new FakeRegistry(r => r["Authorization"] == OwnerBasic ? new FakeAnswer(200) : Challenge("Basic realm=\"x\""));
        using var client = new RegistryClient(registry.Address, Owner);
        await client.PingAsync(Cancel);
        await client.PingAsync(Cancel);
        Assert.Equal([null, OwnerBasic, OwnerBasic], registry.Seen.Select(request => request["Authorization"]));
    }

    [Fact]
    public async Task A_refused_credential_is_sent_once_and_the_refusal_is_told()
    {
        await using var registry = new FakeRegistry(_ => Challenge("Basic realm=\"x\""));
        using var client = new RegistryClient(registry.Address, Owner);
        Assert.Equal(OciErrorCode.Unauthorized, (await Assert.ThrowsAsync<OciException>(() => client.PingAsync(Cancel))).Code);
        Assert.Equal(2, registry.Seen.Count);
        await Assert.ThrowsAsync<OciException>(() => client.PingAsync(Cancel));
        Assert.Equal(3, registry.Seen.Count);
        using var anonymous = new RegistryClient(registry.Address, Anonymous);
        await Assert.ThrowsAsync<OciException>(() => anonymous.PingAsync(Cancel));
        Assert.Equal(4, registry.Seen.Count);
    }

    [Fact]
    public async Task A_token_is_fetched_per_scope_kept_and_renewed()
    {
        var tokens = 0;
        FakeRegistry registry = null!;
        registry = new FakeRegistry(request =>
        {
            if (request.Target.StartsWith("/token", StringComparison.Ordinal))
                return FakeAnswer.Json(200, $$"""{"token":"t{{++tokens}}","expires_in":300}""");
            return request["Authorization"] is { } sent && sent.StartsWith("Bearer t", StringComparison.Ordinal)
                ? new FakeAnswer(200) { Claimed = 1 }
                : Challenge($"Bearer realm=\"{registry.Address}token?x=1\",service=\"reg\",scope=\"repository:team/app:pull\"");
        });
        await using var running = registry;
        var time = new FakeTimeProvider();
        using var client = new RegistryClient(registry.Address, Owner with { Time = time });

        await client.FindBlobAsync(App, Sha256([]), Cancel);
        await client.FindBlobAsync(App, Sha256([1]), Cancel);
        Assert.Equal(1, tokens);
        var asked = registry.Seen.Single(request => request.Target.StartsWith("/token", StringComparison.Ordinal));
        Assert.Equal("/token?x=1&service=reg&scope=repository%3Ateam%2Fapp%3Apull&account=owner", asked.Target);
        Assert.Equal(OwnerBasic, asked["Authorization"]);

        await client.FindBlobAsync(RepositoryName.Parse("other"), Sha256([]), Cancel);
        Assert.Equal(2, tokens);
        time.Advance(TimeSpan.FromSeconds(295));
        await client.FindBlobAsync(App, Sha256([]), Cancel);
        Assert.Equal(3, tokens);
    }

    [Fact]
    public async Task A_token_that_the_registry_no_longer_takes_is_renewed_once()
    {
        var tokens = 0;
        FakeRegistry registry = null!;
        registry = new FakeRegistry(request =>
        {
            if (request.Target.StartsWith("/token", StringComparison.Ordinal)) return FakeAnswer.Json(200, $$"""{"access_token":"t{{++tokens}}"}""");
            var good = request["Authorization"] == $"Bearer t{tokens}" && !(tokens == 1 && request.Target.EndsWith("revoked", StringComparison.Ordinal));
            return good ? new FakeAnswer(200) : Challenge($"Bearer realm=\"{registry.Address}token\"");
        });
        await using var running = registry;
        using var client = new RegistryClient(registry.Address, Anonymous);
        await client.FindManifestAsync(App, Reference.To(Tag.Parse("fine")), Cancel);
        await client.FindManifestAsync(App, Reference.To(Tag.Parse("revoked")), Cancel);
        Assert.Equal(2, tokens);
        Assert.Null(registry.Seen.First(request => request.Target.StartsWith("/token", StringComparison.Ordinal))["Authorization"]);
    }

    [Fact]
    public async Task A_refresh_token_is_exchanged_by_POST_and_a_registry_token_is_sent_as_it_is()
    {
        FakeRegistry registry = null!;
        registry = new FakeRegistry(request => request.Method == "POST"
            ? FakeAnswer.Json(200, """{"access_token":"short","expires_in":60}""")
            : request["Authorization"] is "Bearer short" or "Bearer given"
                ? new FakeAnswer(202)
                : Challenge($"Basic realm=\"y\", Bearer realm=\"{registry.Address}oauth2/token\",service=reg"));
        await using var running = registry;

        using (var client = new RegistryClient(registry.Address, Anonymous with { Credential = RegistryCredential.FromRefreshToken("long+") }))
            await client.DeleteBlobAsync(App, Sha256([]), Cancel);
        Assert.Equal(
            $"service=reg&scope=repository%3Ateam%2Fapp%3Adelete%2Cpull&grant_type=refresh_token&client_id={Uri.EscapeDataString(UserAgent)}&refresh_token=long%2B",
            registry.Seen.Single(request => request.Method == "POST").Text);

        using (var client = new RegistryClient(registry.Address, Anonymous with { Credential = RegistryCredential.FromRegistryToken("given") }))
            await client.DeleteBlobAsync(App, Sha256([]), Cancel);
        Assert.Equal("Bearer given", registry.Seen.Last()["Authorization"]);
    }

    [Fact]
    public async Task The_credential_goes_to_no_authority_elsewhere_unless_told_to()
    {
        await using var authority = new FakeRegistry(_ => FakeAnswer.Json(200, """{"token":"t"}"""));
        await using var registry = new FakeRegistry(request =>
            request["Authorization"] == "Bearer t" ? new FakeAnswer(200) : Challenge($"Bearer realm=\"{authority.At("localhost")}token\""));

        using (var careful = new RegistryClient(registry.Address, Owner))
        {
            var refusal = await Assert.ThrowsAsync<OciException>(() => careful.PingAsync(Cancel));
            Assert.Contains("localhost", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Empty(authority.Seen);
        using (var anonymous = new RegistryClient(registry.Address, Anonymous)) await anonymous.PingAsync(Cancel);
        Assert.Null(Assert.Single(authority.Seen)["Authorization"]);

        using (var told = new RegistryClient(registry.Address, Owner with { AuthorityHosts = ["LOCALHOST"] })) await told.PingAsync(Cancel);
        Assert.Equal(OwnerBasic, authority.Seen.Last()["Authorization"]);
    }

    [Theory]
    [InlineData("https://reg.berth.example", "https://login.berth.example/token", true)]
    [InlineData("https://reg.berth.example:5443", "https://login.berth.example:5443/token", true)]
    [InlineData("https://reg.example", "https://login.example/token", false)]
    [InlineData("https://reg.berth.example", "https://berth.example.evil/token", false)]
    [InlineData("https://reg.berth.example", "https://evilberth.example/token", false)]
    [InlineData("https://reg.berth.example", "http://reg.berth.example/token", false)]
    [InlineData("https://reg.berth.example", "https://owner@reg.berth.example/token", false)]
    [InlineData("https://reg.berth.example", "file:///etc/passwd", false)]
    [InlineData("https://reg.berth.example", "/token", false)]
    [InlineData("https://10.0.0.1", "https://8.0.0.1/token", false)]
    public async Task An_authority_is_asked_only_near_the_registry_and_over_TLS(string address, string realm, bool asked)
    {
        var seen = new List<HttpRequestMessage>();
        var handler = new Scripted(request =>
        {
            seen.Add(request);
            if (request.RequestUri!.AbsolutePath == "/token") return new HttpResponseMessage { Content = new StringContent("""{"token":"t"}""") };
            if (request.Headers.Authorization is not null) return new HttpResponseMessage();
            var refusal = new HttpResponseMessage(System.Net.HttpStatusCode.Unauthorized);
            refusal.Headers.TryAddWithoutValidation("WWW-Authenticate", $"Bearer realm=\"{realm}\"");
            return refusal;
        });
        using var client = new RegistryClient(new Uri(address), Owner, handler, disposeHandler: true);
        var failure = await Record.ExceptionAsync(() => client.PingAsync(Cancel));
        Assert.Equal(asked, failure is null);
        Assert.Equal(asked ? 3 : 1, seen.Count);
    }

    [Fact]
    public async Task A_redirect_elsewhere_gets_no_credential_and_one_at_home_does()
    {
        var content = Encoding.UTF8.GetBytes("x");
        await using var store = new FakeRegistry(_ => new FakeAnswer(200, content));
        FakeRegistry registry = null!;
        registry = new FakeRegistry(request =>
        {
            if (request["Authorization"] is null) return Challenge("Basic realm=\"x\"");
            return request.Target switch
            {
                "/v2/" => new FakeAnswer(307).With("Location", "/moved"),
                "/moved" => new FakeAnswer(200),
                _ => new FakeAnswer(307).With("Location", $"{store.At("localhost")}signed?key=1"),
            };
        });
        await using var running = registry;
        using var client = new RegistryClient(registry.Address, Owner);

        using (var download = await client.OpenBlobAsync(App, Sha256(content), Cancel)) Assert.Equal(content, await ReadAllAsync(download));
        var hop = Assert.Single(store.Seen);
        Assert.Equal(("/signed?key=1", null), (hop.Target, hop["Authorization"]));

        await client.PingAsync(Cancel);
        Assert.Equal(("/moved", OwnerBasic), (registry.Seen.Last().Target, registry.Seen.Last()["Authorization"]));
    }

    [Fact]
    public async Task A_challenge_of_another_host_is_not_answered_and_endless_redirects_end()
    {
        await using var thief = new FakeRegistry(_ => Challenge("Basic realm=\"give\""));
        FakeRegistry registry = null!;
        registry = new FakeRegistry(request => new FakeAnswer(302).With(
            "Location", request.Target.StartsWith("/v2/_catalog", StringComparison.Ordinal) ? "/v2/_catalog?again" : $"{thief.At("localhost")}x"));
        await using var running = registry;
        using var client = new RegistryClient(registry.Address, Owner);

        Assert.Equal(401, (await Assert.ThrowsAsync<OciException>(() => client.PingAsync(Cancel))).Status);
        Assert.Null(Assert.Single(thief.Seen)["Authorization"]);
        await Assert.ThrowsAsync<OciException>(() => ToListAsync(client.ListRepositoriesAsync(null, Cancel)));
        Assert.Equal(1 + 6, registry.Seen.Count);
    }

    [Fact]
    public async Task An_upload_elsewhere_gets_no_credential()
    {
        await using var store = new FakeRegistry(_ => new FakeAnswer(201));
        await using var registry = new FakeRegistry(request => request["Authorization"] is null
            ? Challenge("Basic realm=\"x\"")
            : new FakeAnswer(202).With("Location", $"{store.At("localhost")}put/here"));
        using var client = new RegistryClient(registry.Address, Owner);
        await client.PushBlobAsync(App, Sha256([7]), new MemoryStream([7]), null, Cancel);
        Assert.Null(Assert.Single(store.Seen)["Authorization"]);
    }

    [Theory]
    [InlineData("Bearer realm=\"https://a/b\",service=\"s\",scope=\"x:y:z\"", "Bearer|https://a/b|s")]
    [InlineData("bearer REALM=https , Service = s", "bearer|https|s")]
    [InlineData("Basic realm=\"a \\\"b\\\", c\", Bearer realm=r", "Basic|a \"b\", c|;Bearer|r|")]
    [InlineData("Negotiate, Basic realm=x", "Negotiate||;Basic|x|")]
    [InlineData("Basic", "Basic||")]
    [InlineData("Bearer realm=\"open", "Bearer||")]
    [InlineData("", "")]
    [InlineData("=,;", "")]
    public void Challenges_are_read(string header, string expected) => Assert.Equal(
        expected,
        string.Join(';', Oci.Client.Authentication.Challenge.Parse(header).Select(c => $"{c.Scheme}|{c["realm"]}|{c["service"]}")));

    [Fact]
    public void A_credential_does_not_print_its_secret_and_no_user_name_has_a_colon()
    {
        Assert.DoesNotContain("s3cret", Owner.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => RegistryCredential.FromPassword("a:b", "c"));
        Assert.Throws<ArgumentException>(() => new RegistryClient(new Uri("ftp://x"), Anonymous));
    }

    private sealed class Scripted(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = answer(request);
            response.RequestMessage = request;
            return Task.FromResult(response);
        }
    }
}
