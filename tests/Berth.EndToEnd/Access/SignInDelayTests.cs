using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>Wrong passwords for one account, at a server with the settings it has by itself: whom they hold up, and whom they do not.</summary>
public sealed class SignInDelayTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private const string Password = "a long passw0rd of theirs";

    // Far below the longest delay, two seconds; how long a hash takes on this machine comes on top.
    private static readonly TimeSpan Noise = TimeSpan.FromSeconds(1);

    private readonly string _domain = $"{Content.Name()}.example.test";
    private HttpClient _http = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _http = new HttpClient { BaseAddress = Fixture.Endpoint.Address };
    }

    public override async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Forty_wrong_passwords_hold_up_their_account_at_their_address_and_nothing_else()
    {
        using var control = await ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
        foreach (var name in (string[])["ann", "before-1", "before-2", "before-3", "bob-1", "bob-2", "bob-3"]) await control.MakePersonAsync(UserOf(name), Password);
        var (application, clientId, _) = await control.MakeServicePrincipalAsync(_domain);
        var secret = Basic(clientId, await control.AddSecretAsync(application));
        var tokenPassword = Basic("reader", await TokenPasswordAsync(control));
        var known = Basic(UserOf("ann"), Password);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(known)).Status);
        var bearer = new AuthenticationHeaderValue("Bearer", await AccessTokenAsync(known));
        var hash = await QuickestAsync("before");

        var flood = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => AskAsync(Basic(UserOf("ann"), $"wrong {i}"))));
        Assert.All(flood, answer => Assert.True(answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, answer.Status.ToString()));
        Assert.InRange(flood.Count(answer => answer.Status == HttpStatusCode.Unauthorized), 10, 40);

        // Two at once stand in one line, at least the delay apart.
        var late = await Task.WhenAll(AskAsync(Basic(UserOf("ann"), "wrong again")), AskAsync(Basic(UserOf("ann"), "and again")));
        Assert.All(late, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.Status));
        Assert.InRange(late.Max(answer => answer.Took), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));

        Assert.InRange(await QuickestAsync("bob"), TimeSpan.Zero, hash + Noise);
        foreach (var (what, credential) in ((string, AuthenticationHeaderValue)[])[
            ("an access token", bearer), ("a repository token's password", tokenPassword), ("a secret", secret), ("ann's verified password", known)])
        {
            var (status, took) = await AskAsync(credential);
            Assert.Equal((what, HttpStatusCode.OK), (what, status));
            Assert.True(took < Noise, $"{what} took {took}");
        }
    }

    private static AuthenticationHeaderValue Basic(string user, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    private static async Task<string> TokenPasswordAsync(ControlClient control)
    {
        var registry = control.Scope();
        await control.ArmAsync("PUT", $"{registry}/scopeMaps/readers", new { properties = new { actions = new[] { "repositories/team/*/content/read" } } });
        await control.ArmAsync("PUT", $"{registry}/tokens/reader", new { properties = new { scopeMapId = $"{registry}/scopeMaps/readers", status = "enabled" } });
        var made = await control.ArmAsync("POST", $"{registry}/generateCredentials", new { tokenId = $"{registry}/tokens/reader", name = "password1" });
        return ControlClient.Text(made.GetProperty("passwords")[0], "value");
    }

    private string UserOf(string name) => $"{name}@{_domain}";

    // The quickest of three people who have not signed in before: other work of the machine holds up one of them, a line all of them.
    private async Task<TimeSpan> QuickestAsync(string name)
    {
        var times = new List<TimeSpan>();
        for (var i = 1; i <= 3; i++)
        {
            var (status, took) = await AskAsync(Basic(UserOf($"{name}-{i}"), Password));
            Assert.Equal(HttpStatusCode.OK, status);
            times.Add(took);
        }

        return times.Min();
    }

    private async Task<string> AccessTokenAsync(AuthenticationHeaderValue credential)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/oauth2/token") { Headers = { Authorization = credential } };
        using var answer = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return ControlClient.Text(body.RootElement, "access_token");
    }

    private async Task<(HttpStatusCode Status, TimeSpan Took)> AskAsync(AuthenticationHeaderValue credential)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Authorization = credential } };
        using var answer = await _http.SendAsync(request);
        return (answer.StatusCode, TimeProvider.System.GetElapsedTime(start));
    }
}
