using System.Net;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>The sign-in of a device without a browser, whole: the device's codes, its user's page, and what it gets.</summary>
public sealed partial class AuthorityDeviceTests : IAsyncLifetime
{
    private const string Grant = "urn:ietf:params:oauth:grant-type:device_code";

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
    [InlineData("/adfs/oauth2/devicecode", "/adfs/oauth2/token", Grant)]
    [InlineData("/organizations/oauth2/v2.0/devicecode", "/organizations/oauth2/v2.0/token", "device_code")]
    public async Task A_device_is_let_in_by_its_user(string start, string token, string grant)
    {
        var begun = await StartAsync(start);
        Assert.Equal(("https://login.berth.localhost/device", "900", "5"), (begun["verification_uri"], begun["expires_in"], begun["interval"]));
        Assert.Contains(begun["user_code"], begun["message"], StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, "authorization_pending"), (await PollAsync(begun, token, grant)).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "slow_down"), (await PollAsync(begun, token, grant)).Refusal);
        _host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((HttpStatusCode.BadRequest, "authorization_pending"), (await PollAsync(begun, token, grant)).Refusal);

        var asked = await SendAsync(await OpenAsync(), ("user_code", begun["user_code"].ToLowerInvariant()));
        Assert.Contains("says it is the Azure CLI", asked.Html, StringComparison.Ordinal);
        var done = await SendAsync(asked, ("user_code", begun["user_code"]), ("username", "alice"), ("password", AuthorityClient.Password), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.OK, done.Status);

        var answer = await PollAsync(begun, token, grant);
        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(answer["access_token"]));
        Assert.Equal(AuthorityClient.Person, answer.Claims("id_token").GetProperty("upn").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _client.RefreshAsync(answer["refresh_token"])).Status);
        Assert.Equal((HttpStatusCode.BadRequest, "expired_token"), (await PollAsync(begun, token, grant)).Refusal);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(await OpenAsync(), ("user_code", begun["user_code"]))).Status);
    }

    [Fact]
    public async Task A_device_that_its_user_does_not_let_in_gets_nothing()
    {
        var begun = await StartAsync();

        await SendAsync(await OpenAsync(), ("user_code", begun["user_code"]), ("decision", "deny"));

        Assert.Equal((HttpStatusCode.BadRequest, "access_denied"), (await PollAsync(begun)).Refusal);
    }

    [Fact]
    public async Task A_no_is_not_turned_into_a_yes()
    {
        var begun = await StartAsync();
        await SendAsync(await OpenAsync(), ("user_code", begun["user_code"]), ("decision", "deny"));

        var again = await SendAsync(
            await OpenAsync(), ("user_code", begun["user_code"]), ("username", "alice"), ("password", AuthorityClient.Password), ("decision", "allow"));

        Assert.Equal(HttpStatusCode.BadRequest, again.Status);
        Assert.Equal((HttpStatusCode.BadRequest, "access_denied"), (await PollAsync(begun)).Refusal);
    }

    [Fact]
    public async Task A_device_code_of_an_application_that_proved_itself_is_of_no_use_without_its_proof()
    {
        var begun = await _client.PostAsync(
            "/adfs/oauth2/devicecode", ("client_id", _client.ApplicationId), ("client_secret", _client.Secret), ("scope", $"{AuthorityClient.Arm}/.default offline_access"));
        await AllowAsync(begun);
        await _host.Metadata.DeletePrincipalAsync(_client.ApplicationRow, Caller.System, CancellationToken.None);

        var answer = await _client.PostAsync(AuthorityClient.TokenPath, ("grant_type", Grant), ("client_id", _client.ApplicationId), ("device_code", begun["device_code"]));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), answer.Refusal);
    }

    [Fact]
    public async Task Sign_ins_cannot_be_begun_without_end()
    {
        for (var i = 0; i < 300; i++) Assert.Equal(HttpStatusCode.OK, (await StartAsync()).Status);
        Assert.Equal((HttpStatusCode.TooManyRequests, "temporarily_unavailable"), (await StartAsync()).Refusal);

        _host.Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(HttpStatusCode.OK, (await StartAsync()).Status);
    }

    [Fact]
    public async Task A_wrong_password_lets_nothing_in_and_can_be_corrected()
    {
        var begun = await StartAsync();

        var wrong = await SendAsync(await OpenAsync(), ("user_code", begun["user_code"]), ("username", "alice"), ("password", "not it"), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.DoesNotContain("not it", wrong.Html, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, "authorization_pending"), (await PollAsync(begun)).Refusal);
        await SendAsync(wrong, ("user_code", begun["user_code"]), ("username", "alice"), ("password", AuthorityClient.Password), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.OK, (await PollAsync(begun)).Status);
    }

    [Fact]
    public async Task Codes_end_after_a_quarter_of_an_hour()
    {
        var begun = await StartAsync();
        _host.Time.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal((HttpStatusCode.BadRequest, "expired_token"), (await PollAsync(begun)).Refusal);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(await OpenAsync(), ("user_code", begun["user_code"]))).Status);
    }

    [Fact]
    public async Task A_device_code_is_good_for_its_own_program_only()
    {
        var begun = await StartAsync();
        await AllowAsync(begun);

        var other = await _client.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", Grant), ("client_id", "1950a258-227b-4e31-a9cf-717495945fc2"), ("device_code", begun["device_code"]));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), other.Refusal);
        Assert.Equal(HttpStatusCode.OK, (await PollAsync(begun)).Status);
    }

    [Fact]
    public async Task Someone_who_was_disabled_after_letting_a_device_in_did_not_let_it_in()
    {
        var begun = await StartAsync();
        await AllowAsync(begun);
        await _host.Metadata.UpdatePrincipalAsync(_client.Alice.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await PollAsync(begun)).Refusal);
    }

    [Fact]
    public async Task A_form_that_another_site_made_the_browser_send_does_nothing()
    {
        var begun = await StartAsync();
        var page = await OpenAsync();
        (string, string)[] fields = [("user_code", begun["user_code"]), ("username", "alice"), ("password", AuthorityClient.Password), ("decision", "allow")];

        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(page with { Token = "" }, fields)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(page with { Token = new string('0', 64) }, fields)).Status);
        using var elsewhere = new HttpClient { BaseAddress = _host.Client.BaseAddress };
        var withoutCookie = await elsewhere.PostAsync("/device", Form(page.Token, fields));
        Assert.Equal(HttpStatusCode.BadRequest, withoutCookie.StatusCode);
        Assert.Equal((HttpStatusCode.BadRequest, "authorization_pending"), (await PollAsync(begun)).Refusal);
    }

    [Fact]
    public async Task Codes_cannot_be_guessed_for_long()
    {
        var begun = await StartAsync();
        var page = await OpenAsync();
        for (var i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(page, ("user_code", "BBBB-BBBB"))).Status);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(page, ("user_code", "BBBB-BBBB"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(page, ("user_code", begun["user_code"]))).Status);
        _host.Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(page, ("user_code", (await StartAsync())["user_code"]))).Status);
    }

    [Fact]
    public async Task Good_codes_are_no_guesses()
    {
        var page = await OpenAsync();
        for (var i = 0; i < 12; i++) Assert.Equal(HttpStatusCode.OK, (await SendAsync(page, ("user_code", (await StartAsync())["user_code"]))).Status);
    }

    [Fact]
    public async Task The_page_runs_no_scripts_stands_in_no_frame_and_shows_what_came_as_text()
    {
        var message = await _client.Http.GetAsync("/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");

        var html = await message.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src 'none'", message.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", message.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("DENY", message.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("no-store", message.Headers.CacheControl?.ToString());
        var cookie = message.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_device_that_asks_for_what_cannot_be_given_learns_it_at_once()
    {
        var answer = await _client.PostAsync("/adfs/oauth2/devicecode", ("client_id", AuthorityClient.Program), ("scope", "https://elsewhere.example/.default"));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_scope"), answer.Refusal);
    }

    private Task<Answer> StartAsync(string path = "/adfs/oauth2/devicecode") =>
        _client.PostAsync(path, ("client_id", AuthorityClient.Program), ("scope", $"{AuthorityClient.Arm}/.default openid profile offline_access"));

    private Task<Answer> PollAsync(Answer begun, string path = AuthorityClient.TokenPath, string grant = Grant) =>
        _client.PostAsync(path, ("grant_type", grant), ("client_id", AuthorityClient.Program), ("device_code", begun["device_code"]));

    private async Task AllowAsync(Answer begun) => await SendAsync(
        await OpenAsync(), ("user_code", begun["user_code"]), ("username", "alice"), ("password", AuthorityClient.Password), ("decision", "allow"));

    private async Task<Page> OpenAsync() => await ReadAsync(await _client.Http.GetAsync("/device"));

    private async Task<Page> SendAsync(Page from, params (string Name, string Value)[] fields) =>
        await ReadAsync(await _client.Http.PostAsync("/device", Form(from.Token, fields)));

    private static FormUrlEncodedContent Form(string token, (string Name, string Value)[] fields) =>
        new(fields.Append(("form_token", token)).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));

    private static async Task<Page> ReadAsync(HttpResponseMessage message)
    {
        var html = await message.Content.ReadAsStringAsync();
        return new Page(message.StatusCode, html, FormToken().Match(html).Groups[1].Value);
    }

    [GeneratedRegex("name=\"form_token\" value=\"([0-9a-f]+)\"")]
    private static partial Regex FormToken();

    private sealed record Page(HttpStatusCode Status, string Html, string Token);
}
