using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Tests.Identity;

/// <summary>Registry tokens over the network: how a client gets one, how far it reaches, and what is no token.</summary>
public sealed class RegistryTokenTests
{
    private const string Service = "local.berth.localhost";
    private static readonly byte[] Blob = "a blob"u8.ToArray();
    private static readonly Digest BlobDigest = Digest.Compute(DigestAlgorithm.Sha256, Blob);

    [Fact]
    public async Task A_challenge_leads_to_a_token_that_reaches_what_was_asked_for_and_no_further()
    {
        await using var host = await StartAsync();
        using var anonymous = Anonymous(host);

        var challenge = (await anonymous.GetAsync($"/v2/team/app/blobs/{BlobDigest}")).Headers.WwwAuthenticate.ToString();
        Assert.Equal($"Bearer realm=\"http://{host.Client.BaseAddress!.Authority}/oauth2/token\",service=\"{Service}\",scope=\"repository:team/app:pull\"", challenge);
        var token = await TokenAsync(host.Client, "repository:team/app:pull");

        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(Blob, (await client.GetBlobAsync("team/app", BlobDigest)).Body);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v2/team/app/tags/list")).StatusCode); // reached: it has no tags
        foreach (var (method, path) in ((string, string)[])[
            ("GET", $"/v2/team/other/blobs/{BlobDigest}"), ("POST", "/v2/team/app/blobs/uploads/"), ("DELETE", $"/v2/team/app/blobs/{BlobDigest}"),
            ("GET", "/v2/_catalog"), ("GET", "/v2/team/other/tags/list"), ("PUT", "/v2/team/app/manifests/latest")])
        {
            var refused = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, refused.StatusCode));
            Assert.Contains(",error=\"insufficient_scope\"", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("registry:None:*")] // as `az acr check-health` asks
    [InlineData("artifact-repository:repo:pull")]
    [InlineData("artifact-repository:repo:*")]
    public async Task A_scope_of_nothing_that_there_is_gives_a_token_that_reaches_nothing(string scope)
    {
        await using var host = await StartAsync();

        var token = await TokenAsync(host.Client, scope);

        Assert.Equal(0, Claims(token).GetProperty("access").GetArrayLength());
        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v2/_catalog")).StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v2/team/app/manifests/latest", "repository team/app pull")]
    [InlineData("POST", "/v2/team/app/blobs/uploads/", "repository team/app pull", "repository team/app push")]
    [InlineData("GET", "/v2/_catalog", "registry catalog *")]
    [InlineData("GET", "/acr/v1/_catalog", "registry catalog *")]
    [InlineData("GET", "/v2/")]
    public async Task The_body_of_a_challenge_says_what_is_needed_as_the_header_does(string method, string path, params string[] needed)
    {
        await using var host = await StartAsync();
        using var anonymous = Anonymous(host);

        var answer = await Answer.ReadAsync(await anonymous.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));

        var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal((HttpStatusCode.Unauthorized, "UNAUTHORIZED"), (answer.Status, error.GetProperty("code").GetString()));
        var detail = error.TryGetProperty("detail", out var list) ? list.EnumerateArray().ToArray() : [];
        Assert.Equal(needed, detail.Select(entry => $"{entry.GetProperty("Type")} {entry.GetProperty("Name")} {entry.GetProperty("Action")}"));
    }

    [Fact]
    public async Task A_token_carries_the_claims_that_clients_read()
    {
        await using var host = await StartAsync();

        var claims = Claims(await TokenAsync(host.Client, "repository:team/app:push,pull registry:catalog:*", "repository:team/app:metadataRead"));

        Assert.Equal((Service, "Azure Container Registry", "access_token", "1.0", "owner"),
            (Text("aud"), Text("iss"), Text("grant_type"), Text("version"), Text("sub")));
        Assert.Equal(75 * 60, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
        Assert.Equal(
            """[{"type":"registry","name":"catalog","actions":["*"]},{"type":"repository","name":"team/app","actions":["pull","push","metadata_read"]}]""",
            claims.GetProperty("access").GetRawText());

        string Text(string name) => claims.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task A_form_with_the_password_gives_a_token_too()
    {
        await using var host = await StartAsync();
        using var anonymous = Anonymous(host);

        var answer = await anonymous.PostAsync("/oauth2/token", Form(("grant_type", "password"), ("service", Service), ("username", "owner"),
            ("password", RegistryHost.Password), ("scope", "repository:team/app:pull")));

        using var client = Bearer(host, await ReadTokenAsync(answer));
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task What_is_no_good_sign_in_or_no_good_request_gets_no_token()
    {
        await using var host = await StartAsync();
        using var anonymous = Anonymous(host);
        using var wrong = host.ClientOf("owner", "not the password");

        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync($"/oauth2/token?service={Service}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync($"/oauth2/token?service={Service}")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync("/oauth2/token?service=elsewhere.example")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync("/oauth2/token?scope=no-scope")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await host.Client.DeleteAsync("/oauth2/token")).StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await anonymous.PostAsync("/oauth2/token", new StringContent("{}"))).StatusCode);
        foreach (var form in (FormUrlEncodedContent[])[
            Form(("grant_type", "password"), ("username", "owner")),
            Form(("grant_type", "client_credentials")),
            Form(("username", "owner"), ("password", RegistryHost.Password)),
            Form(("grant_type", "password"), ("username", "owner"), ("password", RegistryHost.Password), ("password", "twice")),
            Form([.. Enumerable.Range(0, 300).Select(i => ($"k{i}", "v"))]),
            Form(("grant_type", new string('x', 70_000)))])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await anonymous.PostAsync("/oauth2/token", form)).StatusCode);
        }
    }

    [Fact]
    public async Task What_a_principal_may_not_do_is_left_out_of_its_token_and_refused_with_it()
    {
        await using var host = await StartAsync();
        using var nobody = await host.SignedInAsync("nobody");

        var token = await TokenAsync(nobody, "repository:team/app:pull,push registry:catalog:*");

        Assert.Equal("[]", Claims(token).GetProperty("access").GetRawText());
        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await client.HeadBlobAsync("team/app", BlobDigest));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v2/_catalog")).StatusCode);
    }

    [Fact]
    public async Task A_name_of_the_domain_over_plain_http_is_not_followed_to_a_realm_without_tls()
    {
        await using var host = await StartAsync(new RegistryOptions { Domain = "registry.example" });
        using var anonymous = Anonymous(host);

        var answer = await anonymous.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = "local.registry.example" } });

        Assert.Equal("Basic realm=\"Berth\"", answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_token_for_many_repositories_is_as_good_as_one_for_a_few_or_is_not_given()
    {
        await using var host = await StartAsync();
        var many = Enumerable.Range(0, 80).Select(i => $"repository:team/application-{i:d4}:pull").Append("repository:team/app:pull").ToArray();

        using var client = Bearer(host, await TokenAsync(host.Client, many));
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));

        var longer = string.Concat(Enumerable.Range(0, 90).Select(i => $"+repository:{new string('x', 240)}{i}:pull"));
        var content = new StringContent(
            $"grant_type=password&username=owner&password={Uri.EscapeDataString(RegistryHost.Password)}&scope={longer[1..]}", Encoding.UTF8,
            "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PostAsync("/oauth2/token", content)).StatusCode);
    }

    [Fact]
    public async Task No_token_outlives_a_restore()
    {
        await using var host = await StartAsync();
        var before = await TokenAsync(host.Client, "repository:team/app:pull");

        await host.Metadata.MarkRestoredAsync(CancellationToken.None);

        host.Time.Advance(TimeSpan.FromMinutes(2)); // a process that was started anew knows no key yet
        using var client = Bearer(host, before);
        Assert.Equal(HttpStatusCode.Unauthorized, await client.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task A_token_ends_with_its_lifetime_and_with_the_password_it_was_given_for()
    {
        await using var host = await StartAsync();
        var token = await TokenAsync(host.Client, "repository:team/app:pull");
        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));

        host.Time.Advance(TimeSpan.FromMinutes(75) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await client.HeadBlobAsync("team/app", BlobDigest));

        using var renewed = Bearer(host, await TokenAsync(host.Client, "repository:team/app:pull"));
        Assert.Equal(HttpStatusCode.OK, await renewed.HeadBlobAsync("team/app", BlobDigest));
        await host.Metadata.SetPasswordAsync("owner", PasswordHash.Create("another password"), Metadata.Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await renewed.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task A_token_ends_with_the_credential_it_was_given_for_at_the_latest()
    {
        await using var host = await StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        host.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(10)); // its secret ends in ten minutes
        using var client = host.ClientOf(authority.ApplicationId, authority.Secret);
        for (var i = 0; i < 2; i++) // the second one is remembered
        {
            var answer = await Answer.ReadAsync(await client.GetAsync($"/oauth2/token?service={Service}"));
            Assert.Equal("600", answer["expires_in"]);
            Assert.Equal(600, SecondsLeft(host, answer["access_token"]));
        }

        using var owner = await ControlClient.OfOwnerAsync(host);
        var refresh = await Answer.ReadAsync(await Anonymous(host).PostAsync("/oauth2/exchange", Form(
            ("grant_type", "access_token"), ("service", Service), ("access_token", owner.Token))));
        host.Time.Advance(TimeSpan.FromHours(3) - TimeSpan.FromMinutes(5));
        var last = await Answer.ReadAsync(await Anonymous(host).PostAsync("/oauth2/token", Form(
            ("grant_type", "refresh_token"), ("service", Service), ("refresh_token", refresh["refresh_token"]))));
        Assert.Equal(("300", 300), (last["expires_in"], SecondsLeft(host, last["access_token"])));

        static long SecondsLeft(RegistryHost host, string token) => Claims(token).GetProperty("exp").GetInt64() - host.Time.GetUtcNow().ToUnixTimeSeconds();
    }

    [Fact]
    public async Task A_token_is_not_good_before_it_was_made()
    {
        await using var host = await StartAsync();
        var (before, now) = (await TokenAsync(host.Client, "repository:team/app:pull"), host.Time.GetUtcNow());
        using var client = Bearer(host, before);
        foreach (var isRemembered in (bool[])[false, true])
        {
            host.Time.AdjustTime(now.AddSeconds(-1)); // a clock that was set back
            Assert.Equal((isRemembered, HttpStatusCode.Unauthorized), (isRemembered, await client.HeadBlobAsync("team/app", BlobDigest)));
            host.Time.AdjustTime(now);
            Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        }
    }

    [Fact]
    public async Task A_token_is_good_for_its_one_use_only()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var anonymous = Anonymous(host);
        var access = await TokenAsync(host.Client, "repository:team/app:pull");
        var refresh = (await Answer.ReadAsync(await anonymous.PostAsync("/oauth2/exchange", Form(("grant_type", "access_token"), ("access_token", owner.Token)))))["refresh_token"];

        using var refreshAsAccess = Bearer(host, refresh);
        Assert.Equal(HttpStatusCode.Unauthorized, (await refreshAsAccess.GetAsync("/v2/")).StatusCode);
        using var accessAsPassword = host.ClientOf(SecretCredentials.RefreshTokenUser, access);
        foreach (var path in (string[])["/v2/", "/oauth2/token"]) Assert.Equal((path, HttpStatusCode.Unauthorized), (path, (await accessAsPassword.GetAsync(path)).StatusCode));
        foreach (var (path, form) in ((string, (string, string)[])[])[
            ("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", access)]), ("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", owner.Token)]),
            ("/oauth2/exchange", [("grant_type", "access_token"), ("access_token", access)]), ("/oauth2/exchange", [("grant_type", "access_token"), ("access_token", refresh)])])
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, (await anonymous.PostAsync(path, Form(form))).StatusCode));
    }

    [Fact]
    public async Task A_token_of_a_registry_that_was_deleted_opens_no_other_one_of_its_name()
    {
        await using var host = await StartAsync();
        var first = await MakeAsync();
        var asked = new HttpRequestMessage(HttpMethod.Get, "/oauth2/token") { Headers = { Host = "brief.berth.localhost", Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{OwnerAccount.Name}:{RegistryHost.Password}"))) } };
        using var client = Bearer(host, await ReadTokenAsync(await Anonymous(host).SendAsync(asked)));
        Assert.Equal(HttpStatusCode.OK, await PingAsync());

        await host.Metadata.DeleteRegistryAsync(first.Id, Metadata.Caller.System, CancellationToken.None);
        await MakeAsync();
        host.Time.Advance(TimeSpan.FromSeconds(2)); // for as long the name may mean the one before
        Assert.Equal(HttpStatusCode.Unauthorized, await PingAsync());

        async Task<Metadata.RegistryRecord> MakeAsync() => (await host.Metadata.CreateRegistryAsync(
            new Metadata.NewRegistry("brief", "subscription", "default", "local", "Premium"), Metadata.Caller.System, CancellationToken.None)).Record!;

        async Task<HttpStatusCode> PingAsync() =>
            (await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = "brief.berth.localhost" } })).StatusCode;
    }

    [Fact]
    public async Task A_token_made_with_the_key_before_is_good_while_new_ones_are_made_with_the_next()
    {
        var options = new RegistryOptions { Identity = new IdentityOptions { SigningKeyLifetime = TimeSpan.FromHours(1), AccessTokenLifetime = TimeSpan.FromHours(5) } };
        await using var host = await StartAsync(options);
        var tokens = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            tokens.Add(await TokenAsync(host.Client, "repository:team/app:pull"));
            host.Time.Advance(TimeSpan.FromMinutes(61));
            await TokenAsync(host.Client, "repository:team/app:pull"); // the next key is made, and stands a minute before it signs
            host.Time.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.Equal(4, tokens.Select(KeyOf).Distinct().Count());
        foreach (var token in tokens)
        {
            using var client = Bearer(host, token);
            Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        }

        static string KeyOf(string token) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[0])).RootElement.GetProperty("kid").GetString()!;
    }

    [Fact]
    public async Task A_forged_token_is_none()
    {
        await using var host = await StartAsync();
        var token = await TokenAsync(host.Client, "repository:team/app:pull");
        var (header, payload, signature) = (token.Split('.')[0], token.Split('.')[1], token.Split('.')[2]);
        var kid = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(header)).RootElement.GetProperty("kid").GetString()!;
        using var evil = RSA.Create(2048);
        var publicKey = Base64UrlEncoder.Encode(evil.ExportParameters(false).Modulus!);

        foreach (var (what, forged) in (IEnumerable<(string, string)>)[
            ("alg none", $"{Header($$"""{"alg":"none","typ":"JWT","kid":"{{kid}}"}""")}.{payload}."),
            ("no signature", $"{header}.{payload}."),
            ("two parts", $"{header}.{payload}"),
            ("another key", Sign(header, payload, evil)),
            ("another key without kid", Sign(Header("""{"alg":"RS256","typ":"JWT"}"""), payload, evil)),
            ("an unknown kid", Sign(Header("""{"alg":"RS256","typ":"JWT","kid":"00112233445566778899aabbccddeeff"}"""), payload, evil)),
            ("a key in the header", Sign(Header($$$"""{"alg":"RS256","typ":"JWT","kid":"{{{kid}}}","jwk":{"kty":"RSA","e":"AQAB","n":"{{{publicKey}}}"}}"""), payload, evil)),
            ("HMAC under the public key", Hmac(Header($$"""{"alg":"HS256","typ":"JWT","kid":"{{kid}}"}"""), payload, publicKey)),
            ("more access", $"{header}.{Header(Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(payload)).Replace("\"pull\"", "\"pull\",\"push\"", StringComparison.Ordinal))}.{signature}"),
            ("nothing", "x"), ("dots", "..."), ("five parts", "e30.a.AAAA.AAAA.AAAA"), ("odd parts", "e30.a.AAAA"), ("not JSON", $"{Header("x")}.{Header("y")}.{signature}")])
        {
            using var client = Bearer(host, forged);
            Assert.Equal((what, HttpStatusCode.Unauthorized), (what, await client.HeadBlobAsync("team/app", BlobDigest)));
        }

        using var good = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, await good.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task A_token_names_its_registry_whichever_name_was_used_and_no_password_is_sent_to_a_strangers_name()
    {
        await using var host = await StartAsync();
        using var anonymous = Anonymous(host);

        foreach (var ours in (string[])["localhost:81", "local.berth.localhost", "local.berth.localhost.:81", "127.0.0.1:81", "[::1]:81"])
            Assert.StartsWith($"Bearer realm=\"http://{ours}/oauth2/token\",service=\"local.berth.localhost\"", await ChallengeAsync(ours), StringComparison.Ordinal);

        // They are asked for it where they are.
        foreach (var stranger in (string[])["evil.example", "berth.localhost.evil.example", "203.0.113.9", "localhost.evil.example", "bigbox", "berth:5000"])
            Assert.Equal("Basic realm=\"Berth\"", await ChallengeAsync(stranger));

        async Task<string> ChallengeAsync(string name) =>
            (await anonymous.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = name } })).Headers.WwwAuthenticate.ToString();
    }

    [Fact]
    public async Task A_mount_needs_a_token_that_may_pull_the_source()
    {
        await using var host = await StartAsync();
        using var target = Bearer(host, await TokenAsync(host.Client, "repository:team/copy:pull,push"));
        using var both = Bearer(host, await TokenAsync(host.Client, "repository:team/copy:pull,push", "repository:team/app:pull"));

        Assert.Equal(HttpStatusCode.Accepted, await target.MountAsync("team/copy", BlobDigest, "team/app"));
        Assert.Equal(HttpStatusCode.Accepted, await target.MountAsync("team/copy", BlobDigest, from: null));
        Assert.Equal(HttpStatusCode.Created, await both.MountAsync("team/copy", BlobDigest, from: null));
        Assert.Equal(HttpStatusCode.Created, await both.MountAsync("team/copy", BlobDigest, "team/app"));
    }

    private static async Task<RegistryHost> StartAsync(RegistryOptions? options = null)
    {
        var host = await RegistryHost.StartAsync(options: options);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Blob));
        return host;
    }

    private static async Task<string> TokenAsync(HttpClient client, params string[] scopes) =>
        await ReadTokenAsync(await client.GetAsync($"/oauth2/token?service={Service}{string.Concat(scopes.Select(s => $"&scope={Uri.EscapeDataString(s)}"))}"));

    private static async Task<string> ReadTokenAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("access_token").GetString()!;
    }

    private static HttpClient Anonymous(RegistryHost host) => new() { BaseAddress = host.Client.BaseAddress };

    private static HttpClient Bearer(RegistryHost host, string token) =>
        new() { BaseAddress = host.Client.BaseAddress, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    private static FormUrlEncodedContent Form(params (string Key, string Value)[] values) => new(values.Select(v => KeyValuePair.Create(v.Key, v.Value)));

    private static JsonElement Claims(string token) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1])).RootElement;

    private static string Header(string json) => Base64UrlEncoder.Encode(json);

    private static string Sign(string header, string payload, RSA key) => $"{header}.{payload}." + Base64UrlEncoder.Encode(
        key.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    private static string Hmac(string header, string payload, string key) => $"{header}.{payload}." + Base64UrlEncoder.Encode(
        HMACSHA256.HashData(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes($"{header}.{payload}")));
}
