using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Berth.Server.Tests.Hosting;

/// <summary>Who a caller is behind proxies: whom the nearest one that is not the caller itself names, never whom the caller names.</summary>
public sealed class ForwardedAddressTests : IDisposable
{
    private const string Named = "203.0.113.9", Other = "198.51.100.7", Trusted = "127.0.0.0/8,10.9.0.0/16";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_rightmost_address_that_is_no_trusted_proxys_is_the_callers_and_what_stands_left_of_it_is_never_believed()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Http__TrustedProxies"] = Trusted });
        await LetInAsync(run, Named);

        // The one that the rules name, whatever it says of itself.
        foreach (var good in (string[][])[[Named], [$"{Other}, {Named}"], [$"{Named}, 10.9.0.2"], [$"{Other}, {Named}, 10.9.0.2, 127.0.0.4"], [Other, Named], [$"{Named}:41822"], [$"nonsense, {Named}"]])
            Assert.Equal(HttpStatusCode.OK, await AskAsync(run, good));

        // Another one, which forges the good address, a trusted proxy's, or this machine's.
        foreach (var forged in (string[][])[
            [Other], [$"{Named}, {Other}"], [$"{Named}, {Other}, 10.9.0.2"], [$"{Named}, 10.9.0.2, {Other}"], [$"10.9.0.2, 127.0.0.1, {Other}, 127.0.0.4"], [Named, Other], [Named, $"{Other}, 10.9.0.2"],
            [$"{Named}, ::ffff:{Other}"], [$"{Named}, [2001:db8::7]:443"]])
        {
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(run, forged));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(run, forged, "/metrics", signedIn: false));
        }
    }

    [Fact]
    public async Task A_caller_that_is_no_trusted_proxy_names_nobody()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: new() { ["BERTH_Http__TrustedProxies"] = "10.9.0.0/16" });
        await LetInAsync(run, Named);
        foreach (var forged in (string[][])[[Named], [$"{Named}, 10.9.0.2"], [$"10.9.0.2, {Named}"]]) Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(run, forged));
    }

    private static async Task<HttpStatusCode> AskAsync(ServerRun run, string[] forwarded, string path = "/v2/", bool signedIn = true)
    {
        using var client = ServerRun.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(run.Http, path));
        if (signedIn) request.Headers.Authorization = AuthenticationHeaderValue.Parse(ServerRun.Basic());
        foreach (var line in forwarded) request.Headers.TryAddWithoutValidation("X-Forwarded-For", line);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    // The control plane has no network rules: it is where they are set.
    private static async Task LetInAsync(ServerRun run, string address)
    {
        using var client = ServerRun.Client();
        using var about = JsonDocument.Parse(await client.GetStringAsync(new Uri(run.Http, "/.well-known/berth")));
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "password",
            ["client_id"] = "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            ["username"] = "owner",
            ["password"] = ServerRun.Password,
            ["scope"] = $"{about.RootElement.GetProperty("armEndpoint").GetString()!.TrimEnd('/')}/.default",
        });
        using var signedIn = await client.PostAsync(new Uri(run.Http, "/adfs/oauth2/token"), form);
        using var token = JsonDocument.Parse(await signedIn.Content.ReadAsStringAsync());
        var path = $"/subscriptions/{about.RootElement.GetProperty("subscriptionId").GetString()}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/local";
        using var change = new HttpRequestMessage(HttpMethod.Patch, new Uri(run.Http, path + "?api-version=2025-11-01"));
        change.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.RootElement.GetProperty("access_token").GetString());
        change.Content = new StringContent($$"""{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"{{address}}"}]} } }""", Encoding.UTF8, "application/json");
        using var changed = await client.SendAsync(change);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }
}
