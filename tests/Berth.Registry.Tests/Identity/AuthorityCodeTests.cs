using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Tests.Identity;

/// <summary>The sign-in of a person in a browser for a program on the same machine, whole: the page, the code, and what the program gets for it.</summary>
public sealed partial class AuthorityCodeTests : IAsyncLifetime
{
    private const string Return = "http://localhost:8400/";
    private const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private static readonly string Challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

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
    [InlineData("/adfs/oauth2/authorize", "http://localhost:8400/")]
    [InlineData("/organizations/oauth2/v2.0/authorize", "http://localhost")]
    [InlineData("/tenant/oauth2/v2.0/authorize", "http://127.0.0.1:1/back?x=1")]
    public async Task A_person_signs_in_and_the_program_gets_tokens(string path, string address)
    {
        var page = await _client.Http.GetAsync(Address(path, ("redirect_uri", address)));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("form-action 'self' http://", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var sent = await SendAsync(path, page, ("redirect_uri", address));

        Assert.Equal(HttpStatusCode.SeeOther, sent.StatusCode);
        Assert.StartsWith(address, sent.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var values = QueryHelpers.ParseQuery(sent.Headers.Location.Query);
        Assert.Equal("a state & more", values["state"]);
        var answer = await RedeemAsync(values["code"]!, address: address);
        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(answer["access_token"]));
        Assert.Equal("n-1", answer.Claims("id_token").GetProperty("nonce").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _client.RefreshAsync(answer["refresh_token"])).Status);
    }

    [Fact]
    public async Task A_code_is_used_once_and_a_second_use_ends_what_the_first_got()
    {
        var code = await CodeAsync();
        var answer = await RedeemAsync(code);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(code)).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(answer["refresh_token"])).Refusal);
    }

    [Fact]
    public async Task A_code_is_bound_to_its_program_its_address_and_its_secret()
    {
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(await CodeAsync(), verifier: Verifier[..^1] + "x")).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(await CodeAsync(), verifier: Challenge)).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(await CodeAsync(), address: "http://localhost:8401/")).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(await CodeAsync(), client: "1950a258-227b-4e31-a9cf-717495945fc2")).Refusal);
        var without = await _client.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", "authorization_code"), ("client_id", AuthorityClient.Program), ("code", await CodeAsync()), ("redirect_uri", Return));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), without.Refusal);

        var burnt = await CodeAsync();
        await RedeemAsync(burnt, verifier: "wrong");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(burnt)).Refusal);
    }

    [Fact]
    public async Task A_code_ends_after_five_minutes_and_with_its_person()
    {
        var late = await CodeAsync();
        _host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(late)).Refusal);

        var code = await CodeAsync();
        await _host.Metadata.UpdatePrincipalAsync(_client.Alice.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await RedeemAsync(code)).Refusal);
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("http://elsewhere.example/")]
    [InlineData("http://localhost.elsewhere.example/")]
    [InlineData("http://localhost@elsewhere.example/")]
    [InlineData("http://elsewhere.example\\@localhost/")]
    [InlineData("http://localhost:80@elsewhere.example/")]
    [InlineData("http://elsewhere.example#@localhost/")]
    [InlineData("http://localhost/#fragment")]
    [InlineData("http:localhost")]
    [InlineData("http://2130706433/")]
    [InlineData("http://127.1/")]
    [InlineData("http://127.0.0.1.elsewhere.example/")]
    [InlineData("https://localhost/")]
    [InlineData("javascript:alert(1)//localhost")]
    [InlineData("http://localhost/\r\nSet-Cookie: x=y")]
    [InlineData("/back")]
    public async Task A_browser_is_sent_to_a_program_on_its_own_machine_only(string address)
    {
        var answer = await _client.Http.GetAsync(Address("/adfs/oauth2/authorize", ("redirect_uri", address)));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge", "", "invalid_request")]
    [InlineData("scope", "https://elsewhere.example/.default", "invalid_scope")]
    [InlineData("prompt", "none", "login_required")]
    public async Task What_else_is_wrong_is_told_to_the_program(string name, string value, string error)
    {
        var answer = await _client.Http.GetAsync(Address("/adfs/oauth2/authorize", (name, value)));

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        var values = QueryHelpers.ParseQuery(answer.Headers.Location!.Query);
        Assert.Equal((error, "a state & more"), (values["error"].ToString(), values["state"].ToString()));
    }

    [Fact]
    public async Task A_program_that_wants_a_form_gets_one_for_its_user_to_send()
    {
        const string path = "/adfs/oauth2/authorize";
        var mode = ("response_mode", "form_post");
        var sent = await SendAsync(path, await _client.Http.GetAsync(Address(path, mode)), mode);
        var html = await sent.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        Assert.Contains("form-action 'self' http://localhost:8400;", sent.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("action=\"http://localhost:8400/\"", html, StringComparison.Ordinal);
        Assert.Contains("name=\"state\" value=\"a state &amp; more\"", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await RedeemAsync(Code().Match(html).Groups[1].Value)).Status);
    }

    [Fact]
    public async Task A_wrong_password_a_foreign_form_and_a_no_give_no_code()
    {
        const string path = "/adfs/oauth2/authorize";
        var page = await _client.Http.GetAsync(Address(path));

        var wrong = await SendAsync(path, page, password: "not it");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.DoesNotContain("not it", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var elsewhere = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = _host.Client.BaseAddress };
        var foreign = await elsewhere.PostAsync(Address(path), Form(await page.Content.ReadAsStringAsync(), AuthorityClient.Password, "allow"));
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        var no = await _client.Http.PostAsync(Address(path), Form(await page.Content.ReadAsStringAsync(), "", "deny"));
        Assert.Equal("access_denied", QueryHelpers.ParseQuery(no.Headers.Location!.Query)["error"]);
    }

    [Fact]
    public async Task The_page_shows_what_came_as_text()
    {
        var page = await _client.Http.GetAsync(Address("/adfs/oauth2/authorize", ("login_hint", "\"><script>alert(1)</script>"), ("state", "\"><script>")));

        Assert.DoesNotContain("<script", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("DENY", page.Headers.GetValues("X-Frame-Options").Single());
    }

    private async Task<string> CodeAsync()
    {
        const string path = "/adfs/oauth2/authorize";
        var sent = await SendAsync(path, await _client.Http.GetAsync(Address(path)));
        return QueryHelpers.ParseQuery(sent.Headers.Location!.Query)["code"]!;
    }

    private Task<Answer> RedeemAsync(string code, string verifier = Verifier, string address = Return, string client = AuthorityClient.Program) => _client.PostAsync(
        AuthorityClient.TokenPath, ("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("redirect_uri", address),
        ("code_verifier", verifier));

    private async Task<HttpResponseMessage> SendAsync(
        string path, HttpResponseMessage page, (string Name, string Value)? other = null, string password = AuthorityClient.Password) =>
        await _client.Http.PostAsync(Address(path, other is { } field ? [field] : []), Form(await page.Content.ReadAsStringAsync(), password, "allow"));

    private static FormUrlEncodedContent Form(string html, string password, string decision) => new(
    [
        new("form_token", FormToken().Match(html).Groups[1].Value), new("username", AuthorityClient.Person), new("password", password), new("decision", decision),
    ]);

    private static string Address(string path, params (string Name, string Value)[] others)
    {
        var query = new Dictionary<string, string?>
        {
            ["client_id"] = AuthorityClient.Program,
            ["response_type"] = "code",
            ["redirect_uri"] = Return,
            ["state"] = "a state & more",
            ["nonce"] = "n-1",
            ["scope"] = $"{AuthorityClient.Arm}/.default openid profile offline_access",
            ["code_challenge"] = Challenge,
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in others) query[name] = value;
        return QueryHelpers.AddQueryString(path, query);
    }

    [GeneratedRegex("name=\"form_token\" value=\"([0-9a-f]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("name=\"code\" value=\"([^\"]+)\"")]
    private static partial Regex Code();
}
