using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Identity.RegistryTokens;

namespace Berth.Registry.Tests.Identity;

/// <summary>Registry tokens over the network: how a client gets one, and how far it reaches.</summary>
public sealed class RegistryTokenTests
{
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

    [Fact]
    public async Task Whoever_lacks_a_right_is_told_which_and_whose_token_was_asked_for_too_little_to_sign_in()
    {
        await using var host = await StartAsync();
        using var ann = await host.SignedInAsync("ann@example.test");
        await host.AssignAsync("ann@example.test", "AcrPull");
        using var reader = Bearer(host, await TokenAsync(ann, "repository:team/app:pull,push"));
        using var owner = Bearer(host, await TokenAsync(host.Client, "repository:team/app:pull"));
        using var anonymous = Anonymous(host);

        Assert.Equal("'ann@example.test' may not do this in 'team/app'; ask the registry's owner for the right 'ContentWrite'.", await MessageAsync(reader, "/v2/team/app/blobs/uploads/"));
        Assert.Equal("'ann@example.test' may not do this in this registry; ask its owner for the right 'LifecycleWrite'.", await MessageAsync(reader, "/berth/v1/lifecycle/previews"));
        foreach (var client in (HttpClient[])[owner, anonymous])
            Assert.EndsWith(": sign in with a user name and password (docker login, podman login, helm registry login).", await MessageAsync(client, "/v2/team/app/blobs/uploads/"), StringComparison.Ordinal);

        static async Task<string?> MessageAsync(HttpClient client, string path)
        {
            using var refused = await client.PostAsync(path, null);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.StartsWith("Bearer realm=", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            using var body = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
            return body.RootElement.GetProperty("errors")[0].GetProperty("message").GetString();
        }
    }

    [Fact]
    public async Task A_form_that_names_nobody_asks_as_the_Azure_SDKs_do_that_were_given_no_credential()
    {
        await using var host = await StartAsync();
        using var nobody = Anonymous(host);
        const string Scope = "repository:team/app:pull,push";
        foreach (var form in (FormUrlEncodedContent[])[Ask(), Ask(("username", ""), ("password", ""), ("refresh_token", ""))])
            Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/oauth2/token", form)).StatusCode);
        foreach (var form in (FormUrlEncodedContent[])[Ask(("password", "x")), Ask(("username", "owner"))])
            Assert.Equal(HttpStatusCode.BadRequest, (await nobody.PostAsync("/oauth2/token", form)).StatusCode);

        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges(AnonymousPullEnabled: true), Caller.System, CancellationToken.None);
        using var reader = Bearer(host, await ReadTokenAsync(await nobody.PostAsync("/oauth2/token", Ask())));
        Assert.Equal(Blob, (await reader.GetBlobAsync("team/app", BlobDigest)).Body);
        Assert.Equal(HttpStatusCode.Unauthorized, (await reader.PostAsync("/v2/team/app/blobs/uploads/", null)).StatusCode);

        static FormUrlEncodedContent Ask(params (string Key, string Value)[] more) => Form([("grant_type", "password"), ("service", Service), ("scope", Scope), .. more]);
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
    public async Task A_token_for_every_repository_reaches_those_of_its_principal_for_the_actions_asked_for()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", "1", RegistryClientExtensions.Image(Blob)));

        var token = await TokenAsync(host.Client, "registry:catalog:* repository:*:pull,metadata_read");
        Assert.Equal(
            """[{"type":"registry","name":"catalog","actions":["*"]},{"type":"repository","name":"*","actions":["pull","metadata_read"]}]""", Claims(token).GetProperty("access").GetRawText());
        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        Assert.Equal(HttpStatusCode.NotFound, await client.HeadBlobAsync("team/absent", BlobDigest));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/acr/v1/team/app")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync("/v2/team/app/blobs/uploads/", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.DeleteAsync("/acr/v1/team/app")).StatusCode);

        using var nobody = await host.SignedInAsync("nobody");
        Assert.Equal("[]", Claims(await TokenAsync(nobody, "repository:*:*")).GetProperty("access").GetRawText());
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
}
