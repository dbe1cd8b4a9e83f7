using System.Buffers.Text;
using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>The authority's token endpoint over the network: applications with secrets and people with passwords.</summary>
public sealed class AuthorityTokenTests : IAsyncLifetime
{
    private RegistryHost _host = null!;
    private AuthorityClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _client = await AuthorityClient.StartAsync(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("/adfs/oauth2/token")]
    [InlineData("/adfs/tenant/oauth2/token")]
    [InlineData("/tenant/oauth2/v2.0/token")]
    [InlineData("/organizations/oauth2/v2.0/token")]
    [InlineData("/common/oauth2/token")]
    public async Task An_application_gets_a_token_for_its_secret_on_every_path(string path)
    {
        var answer = await _client.ApplicationAsync(path: path);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(("Bearer", "4500", $"{AuthorityClient.Arm}/.default"), (answer["token_type"], answer["expires_in"], answer["scope"]));
        Assert.Equal("no-store", answer.Message.Headers.CacheControl?.ToString());
        Assert.False(answer.Has("refresh_token") || answer.Has("id_token"));
        Assert.Equal(_client.ApplicationId, await _client.BearerAsync(answer["access_token"]));
        Assert.Equal("app", answer.Claims("access_token").GetProperty("idtyp").GetString());
    }

    [Fact]
    public async Task A_secret_may_come_in_the_header()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, AuthorityClient.TokenPath)
        {
            Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("scope", $"{AuthorityClient.Arm}//.default")]),
        };
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_client.ApplicationId}:{_client.Secret}")));

        var answer = await Answer.ReadAsync(await _client.Http.SendAsync(request));

        Assert.Equal(($"{AuthorityClient.Arm}//.default", _client.ApplicationId), (answer["scope"], await _client.BearerAsync(answer["access_token"])));
    }

    [Fact]
    public async Task A_wrong_secret_an_unknown_application_and_a_disabled_one_are_refused_alike()
    {
        var wrong = await _client.ApplicationAsync(secret: "not the secret");
        var unknown = await _client.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", "client_credentials"), ("client_id", AuthorityClient.Program), ("client_secret", _client.Secret),
            ("scope", $"{AuthorityClient.Arm}/.default"));
        await _host.Metadata.UpdatePrincipalAsync(_client.ApplicationRow, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        var disabled = await _client.ApplicationAsync();

        foreach (var answer in (Answer[])[wrong, unknown, disabled])
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), answer.Refusal);
            Assert.StartsWith("AADSTS7000215: ", answer["error_description"], StringComparison.Ordinal);
            Assert.Equal("[7000215]", answer["error_codes"]);
            Assert.True(answer.Has("timestamp") && answer.Has("trace_id") && answer.Has("correlation_id"));
            Assert.DoesNotContain("not the secret", answer.Json.GetRawText(), StringComparison.Ordinal);
        }

        Assert.Equal(wrong["error_description"].Replace(_client.ApplicationId, "", StringComparison.Ordinal), unknown["error_description"].Replace(AuthorityClient.Program, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_has_expired_gives_nothing()
    {
        _host.Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await _client.ApplicationAsync()).Refusal);
    }

    [Theory]
    [InlineData("https://elsewhere.example/.default", "invalid_scope")]
    [InlineData("https://arm.berth.localhost", "invalid_scope")]
    [InlineData("https://arm.berth.localhost/.default https://graph.berth.localhost/.default", "invalid_scope")]
    [InlineData("openid", "invalid_request")]
    public async Task A_token_is_for_one_audience_that_there_is(string scope, string error) =>
        Assert.Equal((HttpStatusCode.BadRequest, error), (await _client.ApplicationAsync(scope: scope)).Refusal);

    [Fact]
    public async Task A_resource_is_another_way_to_name_the_audience()
    {
        var answer = await _client.PostAsync(
            "/tenant/oauth2/token", ("grant_type", "client_credentials"), ("client_id", _client.ApplicationId), ("client_secret", _client.Secret),
            ("resource", "https://GRAPH.berth.localhost/"));
        var unknown = await _client.PostAsync(
            "/tenant/oauth2/token", ("grant_type", "client_credentials"), ("client_id", _client.ApplicationId), ("client_secret", _client.Secret),
            ("resource", "https://elsewhere.example"));

        Assert.Equal(_client.ApplicationId, await _client.BearerAsync(answer["access_token"], AuthorityClient.Graph));
        Assert.Null(await _client.BearerAsync(answer["access_token"]));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_resource"), unknown.Refusal);
        Assert.StartsWith("AADSTS500011: ", unknown["error_description"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_gets_the_tokens_that_a_command_line_keeps()
    {
        var answer = await _client.PersonAsync();

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(answer["access_token"]));
        var claims = answer.Claims("id_token");
        Assert.Equal(
            (AuthorityClient.Program, "https://login.berth.localhost/tenant/v2.0", _client.Alice.ObjectId, AuthorityClient.Person, "tenant"),
            (claims.GetProperty("aud").GetString(), claims.GetProperty("iss").GetString(), claims.GetProperty("oid").GetString(),
                claims.GetProperty("preferred_username").GetString(), claims.GetProperty("tid").GetString()));
        Assert.Equal(
            $$"""{"uid":"{{_client.Alice.ObjectId}}","utid":"tenant"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(answer["client_info"])));
        Assert.NotEmpty(answer["refresh_token"]);
        Assert.False((await _client.PersonAsync(scope: "openid profile")).Has("refresh_token"));
    }

    [Fact]
    public async Task An_id_token_and_a_refresh_token_open_nothing()
    {
        var answer = await _client.PersonAsync();

        foreach (var audience in (string[])[AuthorityClient.Arm, AuthorityClient.Graph, AuthorityClient.Program])
        {
            Assert.Null(await _client.BearerAsync(answer["id_token"], audience));
            Assert.Null(await _client.BearerAsync(answer["refresh_token"], audience));
        }
    }

    [Fact]
    public async Task Wrong_passwords_and_unknown_and_disabled_accounts_are_refused_in_the_same_words()
    {
        var wrong = await _client.PersonAsync(password: "not the password");
        var unknown = await _client.PersonAsync(name: "nobody");
        await _host.Metadata.UpdatePrincipalAsync(_client.Alice.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        var disabled = await _client.PersonAsync();

        foreach (var answer in (Answer[])[wrong, unknown, disabled])
        {
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), answer.Refusal);
            Assert.Equal(wrong["error_description"], answer["error_description"]);
            Assert.StartsWith("AADSTS50126: ", answer["error_description"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_service_principal_is_no_person_and_a_person_no_application()
    {
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.PersonAsync(_client.ApplicationId, _client.Secret)).Refusal);
        var asApplication = await _client.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", "client_credentials"), ("client_id", _client.Alice.ObjectId), ("client_secret", AuthorityClient.Password),
            ("scope", $"{AuthorityClient.Arm}/.default"));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), asApplication.Refusal);
    }

    [Fact]
    public async Task The_password_grant_can_be_switched_off()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Identity = new IdentityOptions { PasswordGrant = false } });
        using var client = await AuthorityClient.StartAsync(host);

        Assert.Equal((HttpStatusCode.BadRequest, "unauthorized_client"), (await client.PersonAsync()).Refusal);
    }

    [Fact]
    public async Task What_cannot_be_had_is_not_offered()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Identity = new IdentityOptions { PasswordGrant = false } });
        using var client = await AuthorityClient.StartAsync(host);

        var without = (await client.GetAsync("/adfs/.well-known/openid-configuration")).Json.GetProperty("grant_types_supported").EnumerateArray().Select(g => g.GetString()).ToArray();
        var with = (await _client.GetAsync("/adfs/.well-known/openid-configuration")).Json.GetProperty("grant_types_supported").EnumerateArray().Select(g => g.GetString()).ToArray();

        Assert.Equal(without.Append("password").Order(), with.Order());
        Assert.Contains("refresh_token", without);
    }

    [Fact]
    public async Task An_access_token_ends_with_the_secret_it_was_given_for_at_the_latest()
    {
        _host.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(10));

        var answer = await _client.ApplicationAsync();

        Assert.Equal(("600", _host.Time.GetUtcNow().ToUnixTimeSeconds() + 600), (answer["expires_in"], answer.Claims("access_token").GetProperty("exp").GetInt64()));
    }

    [Fact]
    public async Task An_application_that_has_a_secret_brings_it_whatever_it_asks_for()
    {
        var scope = $"{AuthorityClient.Arm}/.default offline_access";
        var fields = new (string, string)[]
        {
            ("client_id", _client.ApplicationId), ("grant_type", "password"), ("username", AuthorityClient.Person), ("password", AuthorityClient.Password), ("scope", scope),
        };

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await _client.PostAsync(AuthorityClient.TokenPath, fields)).Refusal);
        var proven = await _client.PostAsync(AuthorityClient.TokenPath, [.. fields, ("client_secret", _client.Secret)]);
        Assert.Equal(HttpStatusCode.OK, proven.Status);
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await _client.RefreshAsync(proven["refresh_token"], _client.ApplicationId)).Refusal);
        var renewed = await _client.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", "refresh_token"), ("client_id", _client.ApplicationId), ("client_secret", _client.Secret),
            ("refresh_token", proven["refresh_token"]));
        Assert.Equal(HttpStatusCode.OK, renewed.Status);
    }

    [Fact]
    public async Task What_an_application_got_for_a_person_is_of_no_use_to_whoever_has_it_when_the_application_is_gone()
    {
        var proven = await _client.PostAsync(
            AuthorityClient.TokenPath, ("client_id", _client.ApplicationId), ("client_secret", _client.Secret), ("grant_type", "password"),
            ("username", AuthorityClient.Person), ("password", AuthorityClient.Password), ("scope", $"{AuthorityClient.Arm}/.default offline_access"));
        await _host.Metadata.DeletePrincipalAsync(_client.ApplicationRow, Caller.System, CancellationToken.None);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(proven["refresh_token"], _client.ApplicationId)).Refusal);
    }

    [Fact]
    public async Task What_a_registry_gives_for_an_access_token_ends_with_the_secret_behind_it()
    {
        _host.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(10));
        var token = (await _client.ApplicationAsync())["access_token"];

        var answer = await _client.PostAsync("/oauth2/exchange", ("grant_type", "access_token"), ("access_token", token));

        Assert.Equal(("600", _host.Time.GetUtcNow().ToUnixTimeSeconds() + 600), (answer["expires_in"], answer.Claims("refresh_token").GetProperty("exp").GetInt64()));
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public async Task A_form_that_the_browser_says_comes_from_elsewhere_is_not_taken(string site)
    {
        using var client = _host.WithoutCredential();
        using var page = await client.GetAsync(new Uri("/device", UriKind.Relative));
        var text = await page.Content.ReadAsStringAsync();
        var value = text.Split("name=\"form_token\" value=\"")[1].Split('"')[0];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/device")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["form_token"] = value, ["user_code"] = "BCDF-GHJK" }),
        };
        request.Headers.Add("Cookie", page.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        request.Headers.Add("Sec-Fetch-Site", site);

        using var answer = await client.SendAsync(request);

        Assert.Contains("open for too long", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_requests_are_the_senders_fault()
    {
        var cases = new ((string, string)[] Fields, string Error)[]
        {
            ([], "invalid_request"), ([("grant_type", "password")], "invalid_request"), ([("grant_type", "x"), ("client_id", "no guid")], "unauthorized_client"),
            ([("grant_type", "x"), ("client_id", AuthorityClient.Program)], "unsupported_grant_type"),
            ([("grant_type", "client_credentials"), ("client_id", AuthorityClient.Program), ("client_id", AuthorityClient.Program)], "invalid_request"),
            ([("grant_type", "refresh_token"), ("client_id", AuthorityClient.Program), ("refresh_token", "junk")], "invalid_grant"),
            ([("grant_type", "refresh_token"), ("client_id", AuthorityClient.Program), ("refresh_token", "ju.nk")], "invalid_grant"),
            ([("grant_type", "password"), ("client_id", AuthorityClient.Program), ("username", "a:b"), ("password", "x")], "invalid_grant"),
        };
        foreach (var (fields, error) in cases)
        {
            Assert.Equal((HttpStatusCode.BadRequest, error), (await _client.PostAsync(AuthorityClient.TokenPath, fields)).Refusal);
        }

        var json = await Answer.ReadAsync(await _client.Http.PostAsync(AuthorityClient.TokenPath, new StringContent("{}")));
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "invalid_request"), json.Refusal);
        var get = await _client.GetAsync(AuthorityClient.TokenPath);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (get.Status, get.Message.Content.Headers.Allow.Single()));
        var tenant = await _client.ApplicationAsync(path: "/elsewhere/oauth2/v2.0/token");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), tenant.Refusal);
        Assert.StartsWith("AADSTS90002: ", tenant["error_description"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sign_ins_and_refusals_of_applications_are_recorded()
    {
        await _client.ApplicationAsync();
        await _client.ApplicationAsync(secret: "wrong");
        await ((AccessLog)_host.Services.GetService(typeof(AccessLog))!).FlushAsync(CancellationToken.None);

        var events = await _host.Metadata.ListAccessEventsAsync(0, _host.Time.GetUtcNow().AddHours(-1), 10, CancellationToken.None);
        Assert.Equal(
            [(AccessEventKinds.SignIn, _client.ApplicationId), (AccessEventKinds.SignInRefused, _client.ApplicationId)],
            events.Select(e => (e.Kind, e.Actor)).Order());
    }
}
