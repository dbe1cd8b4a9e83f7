using System.Net;
using Berth.Registry.Management;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>The door to the control plane: who is let in, what a path is, and what an error looks like.</summary>
public sealed class ManagementRouteTests
{
    private const string Absent = ControlClient.Registries + "/absent";

    [Fact]
    public async Task Without_a_good_token_the_answer_names_the_authority()
    {
        await using var host = await RegistryHost.StartAsync();
        using var anonymous = new HttpClient { BaseAddress = host.Client.BaseAddress };
        foreach (var client in new[] { anonymous, host.Client })
        {
            using var answer = await client.GetAsync("/subscriptions?api-version=2019-11-01");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.StartsWith(
                "Bearer authorization_uri=\"https://login.berth.localhost/tenant\", error=\"invalid_token\"", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            Assert.Contains("\"error\":{\"code\":\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.True(answer.Headers.Contains("x-ms-request-id"));
        }
    }

    [Fact]
    public async Task A_token_for_the_directory_is_none_for_the_control_plane()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = await host.Metadata.FindPrincipalAsync("owner", CancellationToken.None);
        var authority = (Berth.Registry.Identity.AuthorityTokens)host.Services.GetService(typeof(Berth.Registry.Identity.AuthorityTokens))!;
        var token = await authority.IssueAsync(owner!, "https://graph.berth.localhost", null, CancellationToken.None);
        using var client = new HttpClient { BaseAddress = host.Client.BaseAddress };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {token}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/subscriptions?api-version=2019-11-01")).StatusCode);
    }

    [Fact]
    public async Task Paths_are_read_whatever_their_case_and_with_empty_segments()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var path in new[] { ControlClient.Local, ControlClient.Local.ToUpperInvariant(), "/" + ControlClient.Local.Replace("/providers", "//providers"), ControlClient.Local + "/" })
            Assert.Equal(ControlClient.Local, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", path)).GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_version_is_needed_and_any_plausible_one_is_taken()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var (query, status) in new[] { ("", 400), ("?api-version=now", 400), ("?api-version=2023-13-01", 400), ("?api-version=2023-07-01", 200), ("?api-version=2021-08-01-preview", 200) })
            Assert.Equal((query, status), (query, (int)(await owner.SendRawAsync("GET", ControlClient.Local + query)).StatusCode));
        var missing = await owner.SendRawAsync("GET", ControlClient.Local);
        Assert.Contains("MissingApiVersionParameter", await missing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_said_to_who_may_see_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Absent);
        await owner.ExpectErrorAsync(404, "SubscriptionNotFound", "GET", "/subscriptions/another/resourceGroups/default");
        await owner.ExpectErrorAsync(404, "ResourceGroupNotFound", "GET", ControlClient.Subscription + "/resourcegroups/absent");
        await owner.ExpectErrorAsync(404, "NotFound", "GET", ControlClient.Local + "/nonsense");
        using var wrongMethod = await owner.SendRawAsync("POST", ControlClient.Local + "?api-version=2023-07-01");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, PUT, PATCH, DELETE"), (wrongMethod.StatusCode, string.Join(", ", wrongMethod.Content.Headers.Allow)));
    }

    [Fact]
    public async Task Who_may_not_read_a_registry_cannot_tell_whether_it_is_there()
    {
        await using var host = await RegistryHost.StartAsync();
        var (user, _) = await ControlClient.NewUserAsync(host, "ann@example.test");
        var present = await user.ExpectErrorAsync(403, "AuthorizationFailed", "GET", ControlClient.Local);
        var absent = await user.ExpectErrorAsync(403, "AuthorizationFailed", "GET", Absent);
        Assert.Equal(present.Replace("registries/local", "registries/absent", StringComparison.Ordinal), absent);
        Assert.Contains("'ann@example.test' does not have authorization to perform action 'Microsoft.ContainerRegistry/registries/read'", present, StringComparison.Ordinal);
        user.Dispose();
    }

    [Fact]
    public async Task Without_a_role_no_call_gives_anything()
    {
        await using var host = await RegistryHost.StartAsync();
        var (user, _) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using var client = user;
        List<string> wrong = [];
        foreach (var route in ManagementRoute.All)
        {
            var (status, body) = await client.SendAsync(route.Method, PathOf(route), route.Method is "GET" or "HEAD" ? null : "{}");
            var isAsExpected = route switch
            {
                { Name: "tenants.list" or "operations.list" } => status == HttpStatusCode.OK, // who is signed in knows its tenant, and what the product can do
                { ListsWhatIsReadable: true } or { Name: "subscriptions.list" } => body.GetProperty("value").GetArrayLength() == 0,
                { Action: ManagementRoute.AnyRole } => status == HttpStatusCode.NotFound,
                _ => status == HttpStatusCode.Forbidden,
            };
            if (!isAsExpected) wrong.Add($"{route.Name} gave {(int)status} {body}");
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    private static string PathOf(ManagementRoute route) => route.Pattern.Replace("{scope}", ControlClient.Local).Replace("{subscription}", "subscription").Replace("{group}", "default")
        .Replace("{registry}", "local").Replace("{role}", ControlClient.AcrPull).Replace("{assignment}", ControlClient.AcrPull).Replace("{", "").Replace("}", "");

    [Fact]
    public async Task A_role_at_the_registry_shows_the_subscription_and_the_registry_and_no_other()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/other", """{"sku":{"name":"Basic"}}""");
        var (user, objectId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using var client = user;
        await owner.AssignAsync(ControlClient.Local, ControlClient.Reader, objectId);

        Assert.Single((await client.ExpectAsync(HttpStatusCode.OK, "GET", "/subscriptions")).GetProperty("value").EnumerateArray());
        await client.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        await client.ExpectErrorAsync(403, "AuthorizationFailed", "GET", ControlClient.Registries + "/other");
        foreach (var list in new[]
        {
            ControlClient.Registries, ControlClient.Subscription + "/providers/Microsoft.ContainerRegistry/registries",
            ControlClient.Subscription + "/resources?$filter=resourceType%20eq%20'Microsoft.ContainerRegistry/registries'",
        })
            Assert.Equal(["local"], (await client.ExpectAsync(HttpStatusCode.OK, "GET", list)).GetProperty("value").EnumerateArray().Select(r => r.GetProperty("name").GetString()));
        await client.ExpectErrorAsync(403, "AuthorizationFailed", "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true}}""");
    }
}
