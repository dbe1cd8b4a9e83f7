using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Tests.Identity;

/// <summary>The sign-in of people of an outside provider, whole: the page, the provider, the way back, and what a program or a device gets.</summary>
public sealed class OutsideSignInTests : IAsyncLifetime
{
    private const string Sixteen = "subject-subject-";
    private const string LongSubject = Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen + Sixteen;

    private OutsideProvider _provider = null!;
    private RegistryHost _host = null!;
    private OutsideBrowser _browser = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // The host's clock stands still, in the past of the real one.
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        _provider = await OutsideProvider.StartAsync(clock);
        _host = await OutsideBrowser.HostAsync(_provider);
        _browser = new OutsideBrowser(_host, _provider);
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_person_signs_in_at_the_provider_and_the_program_gets_tokens()
    {
        var answer = await _browser.SignInAsync();

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var claims = answer.Claims("id_token");
        Assert.Equal(("ann@example.test", "Ann"), (claims.GetProperty("upn").GetString(), claims.GetProperty("name").GetString()));
        var ann = (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;
        Assert.Equal((PrincipalKind.User, _provider.Name, "subject-1", null), (ann.Kind, ann.Issuer, ann.Subject, ann.PasswordHash));
        await _browser.SignInAsync();
        Assert.Equal(ann.Id, (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!.Id);
    }

    [Fact]
    public async Task A_device_is_let_in_by_a_person_of_the_provider()
    {
        var begun = await Answer.ReadAsync(await _browser.Http.PostAsync(
            "/adfs/oauth2/devicecode",
            new FormUrlEncodedContent([new("client_id", AuthorityClient.Program), new("scope", $"{AuthorityClient.Arm}/.default offline_access")]), Token));
        var asked = await _browser.Http.PostAsync("/device", OutsideBrowser.Form(await _browser.Http.GetStringAsync("/device", Token), ("user_code", begun["user_code"])), Token);
        var gone = await _browser.Http.PostAsync(
            "/device", OutsideBrowser.Form(await asked.Content.ReadAsStringAsync(Token), ("user_code", begun["user_code"]), ("decision", "outside")), Token);
        var back = await _browser.ComeBackAsync(_provider.Consent(OutsideBrowser.Outside(gone)));

        Assert.Contains("signed in as ann@example.test", await back.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        var answer = await _browser.TokenAsync(
            ("grant_type", "device_code"), ("client_id", AuthorityClient.Program), ("device_code", begun["device_code"]));
        Assert.Equal("ann@example.test", answer.Claims("id_token").GetProperty("upn").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _browser.RefreshAsync(answer["refresh_token"])).Status);
        Assert.Equal(1, _provider.Renewals);
    }

    [Fact]
    public async Task A_state_is_good_once_within_ten_minutes_in_the_browser_that_began()
    {
        var address = _provider.Consent(await _browser.LeaveAsync());

        using var other = new OutsideBrowser(_host, _provider);
        Assert.Equal(HttpStatusCode.BadRequest, (await other.ComeBackAsync(address)).StatusCode);
        await other.LeaveAsync(); // with a cookie of its own
        Assert.Equal(HttpStatusCode.BadRequest, (await other.ComeBackAsync(address)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.ComeBackAsync(address.Replace("state=", "state=x", StringComparison.Ordinal))).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await _browser.ComeBackAsync(address)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.ComeBackAsync(address)).StatusCode);

        var late = _provider.Consent(await _browser.LeaveAsync());
        _host.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.ComeBackAsync(late)).StatusCode);
    }

    [Theory]
    [InlineData("nonce", "another")]
    [InlineData("iss", "https://evil.example")]
    [InlineData("aud", "another")]
    [InlineData("azp", "another")]
    [InlineData("exp", 1)]
    [InlineData("iat", 4_000_000_000)]
    [InlineData("nbf", 4_000_000_000)]
    [InlineData("sub", "")]
    [InlineData("sub", "subject\u0007")]
    [InlineData("sub", LongSubject)]
    [InlineData("nonce", null)]
    [InlineData("exp", null)]
    [InlineData("iat", null)]
    [InlineData("preferred_username", "a b")]
    [InlineData("preferred_username", "ann\u200b@example.test")]
    [InlineData("preferred_username", "ann\u0007@example.test")]
    [InlineData("preferred_username", "ann\u3164@example.test")]
    [InlineData("preferred_username", "ann\ufe0f@example.test")]
    [InlineData("preferred_username", "\uff41nn@example.test")]
    [InlineData("preferred_username", "\U0001d41ann@example.test")]
    [InlineData("preferred_username", "a\u0301nn@example.test")]
    public async Task A_token_that_is_not_for_this_sign_in_lets_nobody_in(string claim, object? value)
    {
        _provider.Claims.Remove("email");
        _provider.Sign = claims =>
        {
            claims[claim] = JsonValue.Create(value);
            return _provider.Token(claims: claims);
        };

        await RefusedAsync();
    }

    [Fact]
    public async Task Several_audiences_need_this_client_as_the_party()
    {
        _provider.Claims["azp"] = OutsideProvider.ClientId;
        _provider.Sign = claims =>
        {
            claims["aud"] = new JsonArray(OutsideProvider.ClientId, "another");
            return _provider.Token(claims: claims);
        };
        Assert.Equal(HttpStatusCode.OK, (await _browser.SignInAsync()).Status);

        _provider.Claims.Remove("azp");
        await RefusedAsync("subject-1");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task A_token_that_the_provider_did_not_sign_lets_nobody_in(string algorithm)
    {
        using var foreign = RSA.Create(2048);
        _provider.Sign = claims => _provider.Token(new { alg = algorithm }, claims, algorithm switch
        {
            "none" => _ => [],
            // The public key as the shared secret: what confuses a verifier that takes the header's word.
            "HS256" => data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(_provider.Issuer.Key.ExportSubjectPublicKeyInfoPem()), data),
            _ => _provider.Issuer.With(foreign),
        });

        await RefusedAsync();
    }

    [Fact]
    public async Task A_new_key_of_the_provider_is_fetched_when_a_token_names_it()
    {
        await _browser.SignInAsync();
        using var next = RSA.Create(2048);
        _provider.Issuer.Publish(TokenIssuer.JwkOf(next, "k2"));
        _provider.Sign = claims => _provider.Token(new { kid = "k2" }, claims, _provider.Issuer.With(next));
        _host.Time.Advance(TimeSpan.FromSeconds(31)); // it was asked a moment ago
        Assert.Equal(HttpStatusCode.OK, (await _browser.SignInAsync()).Status);
    }

    [Fact]
    public async Task An_account_is_never_joined_to_one_of_the_same_name()
    {
        var local = (await _host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.User, "ann@example.test", "Local Ann", PasswordHash: QuickHash.Of("a local password")), Caller.System, Token)).Record!;

        var page = await RefusedAsync();

        Assert.Contains("never joined", page, StringComparison.Ordinal);
        Assert.Equal(local, await _host.Metadata.FindPrincipalByIdAsync(local.Id, Token));
        _provider.Claims["sub"] = "subject-2";
        _provider.Claims["preferred_username"] = "bob";
        Assert.Equal("bob@127.0.0.1", (await _browser.SignInAsync()).Claims("id_token").GetProperty("upn").GetString());
        _provider.Claims["sub"] = "subject-3"; // another person who took Bob's name
        await RefusedAsync();
    }

    [Fact]
    public async Task An_address_of_mail_that_is_not_verified_is_no_name()
    {
        _provider.Claims.Remove("preferred_username");
        await RefusedAsync(); // nothing says that it is
        _provider.Claims["email_verified"] = "true";
        await RefusedAsync();
        _provider.Claims["email_verified"] = false;
        await RefusedAsync();

        _provider.Claims["email_verified"] = true;
        Assert.Equal("ann@example.test", (await _browser.SignInAsync()).Claims("id_token").GetProperty("upn").GetString());
    }

    [Fact]
    public async Task Who_names_the_address_of_mail_as_the_claim_vouches_for_it_where_the_provider_does_not_say()
    {
        await using var host = await OutsideBrowser.HostAsync(_provider, options => options with { UserNameClaim = "email" });
        using var browser = new OutsideBrowser(host, _provider);
        _provider.Claims["email"] = "J\u00fcrgen@example.test";
        _provider.Claims["email_verified"] = false;
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.ComeBackAsync(_provider.Consent(await browser.LeaveAsync()))).StatusCode);

        _provider.Claims.Remove("email_verified");
        Assert.Equal("j\u00fcrgen@example.test", (await browser.SignInAsync()).Claims("id_token").GetProperty("upn").GetString());
    }

    [Fact]
    public async Task Text_that_cannot_be_read_lets_nobody_in()
    {
        foreach (var body in (string[])["""{"id_token":"\ud800"}""", """{"\ud800":1}"""])
        {
            _provider.Instead = context => context.Response.WriteAsync(body);
            await RefusedAsync();
        }

        _provider.Instead = null;
        foreach (var claim in (string[])["preferred_username", "name", "email", "another"])
        {
            _provider.Sign = claims =>
            {
                claims[claim] = "unreadable";
                var (head, body) = _provider.Token(claims: claims).Split('.') is [var first, var second, _] ? (TextOf(first), TextOf(second)) : default;
                return TokenIssuer.Sign(head, body.Replace("unreadable", "\\ud800", StringComparison.Ordinal), _provider.Issuer.With());
            };
            await RefusedAsync();
        }
    }

    [Fact]
    public async Task An_account_that_is_deleted_while_its_sign_in_is_renewed_does_not_come_back()
    {
        _provider.GivesIdTokensAtRefresh = false;
        var answer = await _browser.SignInAsync();
        var ann = (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;
        _provider.Issuer.Server.Answers["/userinfo"] = async context =>
        {
            await _host.Metadata.DeletePrincipalAsync(ann.Id, Caller.System, CancellationToken.None);
            await context.Response.WriteAsync(new JsonObject { ["sub"] = "subject-1" }.ToJsonString());
        };

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _browser.RefreshAsync(answer["refresh_token"])).Refusal);
        Assert.Null(await _host.Metadata.FindOutsidePersonAsync(_provider.Name, "subject-1", Token));
    }

    [Fact]
    public async Task There_is_no_password_for_a_person_of_the_provider()
    {
        await _browser.SignInAsync();
        var ann = (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;

        // Not even one that somebody put into the row.
        await _host.Metadata.SetPasswordAsync("ann@example.test", QuickHash.Of("a password of its own"), Caller.System, Token);
        var grant = await _browser.TokenAsync(
            ("grant_type", "password"), ("client_id", AuthorityClient.Program), ("username", "ann@example.test"), ("password", "a password of its own"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), grant.Refusal);
        using var docker = _host.ClientOf("ann@example.test", "a password of its own");
        Assert.Equal(HttpStatusCode.Unauthorized, (await docker.GetAsync("/v2/", Token)).StatusCode);
        using var graph = await GraphClient.OfAsync(_host);
        var refused = await graph.RefusedAsync("PATCH", $"/v1.0/users/{ann.ObjectId}", """{"passwordProfile":{"password":"another password","forceChangePasswordNextSignIn":false}}""");
        Assert.Contains("outside provider", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_account_stays_disabled()
    {
        var answer = await _browser.SignInAsync();
        var ann = (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;
        await _host.Metadata.UpdatePrincipalAsync(ann.Id, new PrincipalChanges(Enabled: false), Caller.System, Token);

        Assert.Contains("disabled", await RefusedAsync("subject-1"), StringComparison.Ordinal);
        Assert.Equal("invalid_grant", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);
        Assert.False((await _host.Metadata.FindPrincipalByIdAsync(ann.Id, Token))!.Enabled);
    }

    [Theory]
    [InlineData("redirect_uri", "https://evil.example/")]
    [InlineData("return", "//evil.example")]
    [InlineData("returnUrl", "/\\evil.example")]
    [InlineData("iss", "https://evil.example")]
    public async Task Nothing_that_comes_back_changes_where_it_leads(string name, string value)
    {
        var back = await _browser.ComeBackAsync(QueryHelpers.AddQueryString(_provider.Consent(await _browser.LeaveAsync()), name, value));

        if (name == "iss") Assert.Equal(HttpStatusCode.Forbidden, back.StatusCode);
        else Assert.StartsWith(OutsideBrowser.Return, back.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("http://localhost\\@evil.example/")]
    [InlineData("http:\\\\evil.example")]
    public async Task A_sign_in_does_not_begin_for_an_address_elsewhere(string address)
    {
        var page = await _browser.Http.GetStringAsync(OutsideBrowser.AuthorizeAddress(), Token);
        var target = QueryHelpers.AddQueryString("/adfs/oauth2/authorize", "redirect_uri", address) + "&client_id=" + AuthorityClient.Program;

        var answer = await _browser.Http.PostAsync(target, OutsideBrowser.Form(page, ("decision", "outside")), Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
        Assert.False(answer.Headers.Contains("Refresh"));
    }

    [Fact]
    public async Task A_foreign_page_cannot_begin_a_sign_in()
    {
        var answer = await _browser.Http.PostAsync(OutsideBrowser.AuthorizeAddress(), new FormUrlEncodedContent([new("decision", "outside")]), Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Refresh"));
    }

    [Fact]
    public async Task A_no_of_the_provider_reaches_the_program()
    {
        var state = QueryHelpers.ParseQuery(new Uri(await _browser.LeaveAsync()).Query)["state"].ToString();

        var back = await _browser.Http.GetAsync($"{OutsideBrowser.Callback}?error=access_denied&state={state}", Token);

        Assert.Equal("access_denied", QueryHelpers.ParseQuery(back.Headers.Location!.Query)["error"]);
    }

    [Fact]
    public async Task A_provider_that_is_down_or_does_not_know_this_client_is_said_to_be_out_of_reach()
    {
        _provider.Instead = context => OutsideProvider.RefuseAsync(context, "invalid_client", 401);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _browser.ComeBackAsync(_provider.Consent(await _browser.LeaveAsync()))).StatusCode);
        _provider.Instead = context => context.Response.WriteAsync("no json");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _browser.ComeBackAsync(_provider.Consent(await _browser.LeaveAsync()))).StatusCode);

        _host.Time.Advance(TimeSpan.FromHours(1)); // what it said of itself is asked for anew
        await _provider.Issuer.Server.DisposeAsync();
        var page = await _browser.Http.GetStringAsync(OutsideBrowser.AuthorizeAddress(), Token);
        var gone = await _browser.Http.PostAsync(OutsideBrowser.AuthorizeAddress(), OutsideBrowser.Form(page, ("decision", "outside")), Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, gone.StatusCode);
        Assert.NotNull(gone.Headers.RetryAfter);
    }

    [Fact]
    public async Task Without_a_provider_there_is_neither_a_button_nor_a_way_back()
    {
        await using var host = await RegistryHost.StartAsync();
        using var client = host.WithoutCredential();

        Assert.DoesNotContain("Sign in with", await client.GetStringAsync(OutsideBrowser.AuthorizeAddress(), Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(OutsideBrowser.Callback, Token)).StatusCode);
    }

    private static string TextOf(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));

    /// <summary>Goes through a sign-in that must be refused on the page, and leads to no account but one that stood; the result is the page.</summary>
    private async Task<string> RefusedAsync(string? standing = null)
    {
        var back = await _browser.ComeBackAsync(_provider.Consent(await _browser.LeaveAsync()));
        var page = await back.Content.ReadAsStringAsync();
        Assert.True(back.StatusCode == HttpStatusCode.Forbidden, $"{back.StatusCode}: {page}");
        Assert.Null(back.Headers.Location);
        var found = await _host.Metadata.FindOutsidePersonAsync(_provider.Name, _provider.Claims["sub"]!.GetValue<string>(), CancellationToken.None);
        Assert.Equal(standing, found?.Subject);
        return page;
    }
}
