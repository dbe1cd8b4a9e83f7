using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Network;

/// <summary>Private endpoints' connections: whose callers are let in, who decides it, and what becomes of the decision.</summary>
public sealed class PrivateConnectionTests
{
    private const string First = "10.1.0.5-5443", Second = "--1-6443";
    private const string Connections = ControlClient.Local + "/privateEndpointConnections";
    private const string One = Connections + "/" + First;
    private const string Approve = """{"properties":{"privateLinkServiceConnectionState":{"status":"Approved"}}}""";
    private const string Reject = """{"properties":{"privateLinkServiceConnectionState":{"status":"Rejected","description":"Not ours."}}}""";
    private const string NotPublic = """{"properties":{"publicNetworkAccess":"Disabled"}}""";

    private static RegistryOptions Options { get; } = new()
    {
        Network = new NetworkOptions
        {
            PrivateListeners =
            [
                new PrivateListener(IPEndPoint.Parse("10.1.0.5:5443"), "local"), new PrivateListener(IPEndPoint.Parse("[::1]:6443"), "local"),
                new PrivateListener(IPEndPoint.Parse("10.1.0.5:7443"), "other"),
            ],
        },
    };

    [Fact]
    public async Task A_listener_that_was_set_up_is_a_connection_that_is_approved()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        var list = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Connections)).GetProperty("value").EnumerateArray().ToList();
        Assert.Equal([First, Second], list.Select(one => one.GetProperty("name").GetString()));
        Assert.Equal(One, list[0].GetProperty("id").GetString());
        Assert.All(list, one => Assert.Equal(("Approved", "None"), (StateOf(one).Status, one.GetProperty("properties").GetProperty("privateLinkServiceConnectionState").GetProperty("actionsRequired").GetString())));
        Assert.Equal("The server listens at 10.1.0.5:5443 (Network:PrivateListeners).", StateOf(list[0]).Description);
        Assert.Equal(list[0].GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", One)).GetRawText());
        var registry = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        Assert.Equal(list.Select(one => one.GetRawText()), registry.GetProperty("properties").GetProperty("privateEndpointConnections").EnumerateArray().Select(one => one.GetRawText()));
        Assert.Equal("{}", (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties);
    }

    [Fact]
    public async Task Who_comes_by_a_rejected_connection_is_refused_at_once_and_told_what_to_do_and_by_an_approved_one_let_in_at_once()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, NotPublic);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, $"local {First}")).Status);
            var rejected = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
            Assert.Equal(("Rejected", "Not ours."), StateOf(rejected));
            Assert.Equal("Succeeded", rejected.GetProperty("properties").GetProperty("provisioningState").GetString());
            Assert.Equal(rejected.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", One)).GetRawText());

            var (status, message) = await AskAsync(host, $"local {First}");
            Assert.Equal(HttpStatusCode.Forbidden, status);
            Assert.Contains($"the private endpoint connection '{First}', which is not approved", message, StringComparison.Ordinal);
            Assert.Contains($"az acr private-endpoint-connection approve --registry-name local --name {First}", message, StringComparison.Ordinal);
            Assert.DoesNotContain("Not ours", message, StringComparison.Ordinal);

            // The other one is as it was, and nobody else is let in for it.
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, $"local {Second}")).Status);
            Assert.Contains("public network access is disabled", (await AskAsync(host, null)).Message, StringComparison.Ordinal);
            Assert.Contains("another registry's private one", (await AskAsync(host, "other 10.1.0.5-7443")).Message, StringComparison.Ordinal);
            Assert.Equal("Approved", StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Approve)).Status);
        }

        Assert.DoesNotContain("connections", (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Public_rules_that_let_everybody_in_do_not_open_a_rejected_connection()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, null)).Status);
        foreach (var path in (string[])["/v2/", "/v2/team/app/tags/list", "/v2/team/app/blobs/uploads/", "/acr/v1/_catalog", "/oauth2/token", "/oauth2/exchange", "/v2/nothing/_here_"])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(host, $"local {First}", path)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(host, $"local {First}", path, signedIn: false)).Status);
        }

        // Where it is changed: as from everywhere.
        using var control = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Client.BaseAddress!, One + "?api-version=2023-07-01"));
        control.Headers.Authorization = new AuthenticationHeaderValue("Bearer", owner.Token);
        control.Headers.Add("X-Arrival", $"local {First}");
        using var client = host.WithoutCredential();
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(control)).StatusCode);
    }

    [Fact]
    public async Task The_decision_outlives_a_restart_and_is_in_the_ledger_and_the_activity_log()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Connections + "/" + Second);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Connections + "/" + Second);
        Assert.Equal(
            """{"connections":{"--1-6443":{"status":"Disconnected"},"10.1.0.5-5443":{"status":"Rejected","description":"Not ours."}}}""",
            (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties);

        var records = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Where(record => record.Kind == LedgerKinds.RegistryChanged).ToList();
        Assert.Equal(2, records.Count);
        using var facts = JsonDocument.Parse(records[0].Payload!);
        Assert.Equal((First, "Rejected", "Not ours.", "owner"), (
            Text(facts.RootElement, "privateEndpointConnection"), Text(facts.RootElement, "privateLinkServiceConnectionState.status"),
            Text(facts.RootElement, "privateLinkServiceConnectionState.description"), records[0].Actor));

        const string Log = ControlClient.Subscription + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=";
        var events = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Log + Uri.EscapeDataString($"eventTimestamp ge '2026-11-24T00:00:00Z'"))).GetProperty("value").EnumerateArray()
            .Select(e => (e.GetProperty("operationName").GetProperty("value").GetString(), Text(e, "resourceId"))).ToList();
        Assert.Contains(("Microsoft.ContainerRegistry/registries/privateEndpointConnections/write", One), events);
        Assert.Contains(("Microsoft.ContainerRegistry/registries/privateEndpointConnections/delete", Connections + "/" + Second), events);
    }

    [Fact]
    public async Task One_that_is_deleted_is_disconnected_until_it_is_approved_again()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", One.ToUpperInvariant().Replace("/SUBSCRIPTIONS/SUBSCRIPTION", ControlClient.Subscription, StringComparison.Ordinal));
        var (status, description) = StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", One));
        Assert.Equal("Disconnected", status);
        Assert.Contains("Network:PrivateListeners", description, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(host, $"local {First}")).Status);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Approve);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, $"local {First}")).Status);
    }

    [Theory]
    [InlineData("10.1.0.5-7443")]
    [InlineData("10.1.0.6-5443")]
    [InlineData("*")]
    [InlineData("absent")]
    public async Task One_that_no_listener_of_the_registry_stands_for_is_not_found(string name)
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Contains(name, await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", $"{Connections}/{name}"), StringComparison.Ordinal);
        Assert.Contains(name, await owner.ExpectErrorAsync(404, "ResourceNotFound", "PUT", $"{Connections}/{name}", Approve), StringComparison.Ordinal);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", $"{Connections}/{name}");
        Assert.Equal("{}", (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "PUT", $"{ControlClient.Registries}/absent/privateEndpointConnections/{First}", Approve);
    }

    [Theory]
    [InlineData("{}", "privateLinkServiceConnectionState.status', 'Approved' or 'Rejected'")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"description":"x"}}}""", "privateLinkServiceConnectionState.status', 'Approved' or 'Rejected'")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"status":"Pending"}}}""", "not 'Pending'")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"status":"0"}}}""", "not '0'")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"status":""}}}""", "not ''")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"status":"Approved","actionsRequired":"Recreate"}}}""", "actionsRequired' may only be 'None'")]
    [InlineData("""{"properties":{"privateEndpoint":{"id":"/subscriptions/subscription/other"},"privateLinkServiceConnectionState":{"status":"Approved"}}}""", "'properties.privateEndpoint.id' may only be")]
    [InlineData("""{"properties":{"privateLinkServiceConnectionState":{"status":"Approved","description":"LONG"}}}""", "longer than 512 characters")]
    public async Task A_body_that_asks_for_what_cannot_be_is_refused(string body, string says)
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (status, answer) = await owner.SendAsync("PUT", One, body.Replace("LONG", new string('x', 513), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(says, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("Approved", StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", One)).Status);
    }

    [Fact]
    public async Task What_was_shown_may_be_sent_back_whatever_its_letters_case()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        var shown = (await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject)).GetRawText();
        Assert.Equal(shown, (await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, shown)).GetRawText());
        Assert.Equal(shown, (await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, shown.Replace("Rejected", "rejected", StringComparison.Ordinal))).GetRawText());
    }

    [Fact]
    public async Task Locks_and_roles_hold_for_the_decision_as_for_every_change()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (reader, id) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using var ann = reader;
        await owner.AssignAsync(ControlClient.Local, ControlClient.Reader, id);
        await ann.ExpectAsync(HttpStatusCode.OK, "GET", One);
        await ann.ExpectErrorAsync(403, "AuthorizationFailed", "PUT", One, Approve);
        await ann.ExpectErrorAsync(403, "AuthorizationFailed", "DELETE", One);

        const string Lock = ControlClient.Local + "/providers/Microsoft.Authorization/locks/keep";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Lock, """{"properties":{"level":"CanNotDelete"}}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", One);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Lock, """{"properties":{"level":"ReadOnly"}}""");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "PUT", One, Approve);
        Assert.Equal("Rejected", StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", One)).Status);
    }

    [Fact]
    public async Task The_registrys_other_settings_and_its_connections_are_changed_beside_each_other()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, NotPublic);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => i % 2 == 0
            ? owner.ExpectAsync(HttpStatusCode.OK, "PUT", Connections + "/" + Second, Reject)
            : owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"defaultAction":"Deny"}}}""")));

        // What az sends back of a registry decides nothing about its connections.
        var whole = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetRawText().Replace("Rejected", "Approved", StringComparison.Ordinal);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, whole);
        var standing = RegistrySettings.Read((await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties);
        Assert.Equal((false, false), (standing.IsPublic, standing.AllowsByDefault));
        Assert.Equal((ConnectionStatus.Rejected, ConnectionStatus.Rejected), (standing.Connections[First].Status, standing.Connections[Second].Status));
    }

    [Theory]
    [InlineData("""{"connections":[]}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":"Approved"}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{}}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{"status":"approved"}}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{"status":"0"}}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{"status":"Approved, Rejected"}}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{"status":"Approved","until":"tomorrow"}}}""")]
    [InlineData("""{"connections":{"10.1.0.5-5443":{"status":"Approved","description":1}}}""")]
    [InlineData("""{"ofALaterVersion":{}}""")]
    public async Task Settings_that_cannot_be_read_close_the_private_listeners_too_and_set_anew_leave_every_connection_to_be_approved(string stored)
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal(1, await host.TamperAsync($"UPDATE registries SET properties = '{stored}' WHERE name = 'local'"));
        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("cannot be read", (await AskAsync(host, $"local {First}")).Message, StringComparison.Ordinal);
        Assert.Equal("Pending", StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", One)).Status);

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"publicNetworkAccess":"Enabled"}}""");
        Assert.Contains("which is not approved", (await AskAsync(host, $"local {First}")).Message, StringComparison.Ordinal);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Approve);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, $"local {First}")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(host, $"local {Second}")).Status);
        Assert.Equal("Pending", StateOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", Connections + "/" + Second)).Status);
    }

    [Fact]
    public async Task A_dry_run_that_comes_by_a_private_listener_is_told_what_holds_there()
    {
        await using var host = await RegistryHost.StartAsync(options: Options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal((true, true), await DryRunAsync($"local {First}"));
        Assert.Equal((true, false), await DryRunAsync(null));
        Assert.Equal((false, false), await DryRunAsync("other 10.1.0.5-7443"));
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", One, Reject);
        Assert.Equal((false, false), await DryRunAsync($"local {First}"));
        Assert.Equal((true, true), await DryRunAsync($"local {Second}"));

        async Task<(bool Now, bool Then)> DryRunAsync(string? arrival)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Client.BaseAddress!, ControlClient.Local + "/dryRunNetworkRules?api-version=2023-07-01"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", owner.Token);
            if (arrival is not null) request.Headers.Add("X-Arrival", arrival);
            request.Content = new StringContent(NotPublic);
            using var client = host.WithoutCredential();
            using var answer = JsonDocument.Parse(await (await client.SendAsync(request)).Content.ReadAsStringAsync());
            var caller = answer.RootElement.GetProperty("caller");
            return (caller.GetProperty("allowedNow").GetBoolean(), caller.GetProperty("allowed").GetBoolean());
        }
    }

    [Theory]
    [InlineData("10.1.0.5:5443=team1", "10.1.0.5-5443")]
    [InlineData("[fd00:9::9]:6443=team1", "fd00-9--9-6443")]
    [InlineData("[fe80::1%2]:6443=team1", "fe80--1_2-6443")]
    public void A_connection_is_named_after_its_listeners_address_and_port(string setting, string name)
    {
        Assert.True(PrivateListener.TryParse(setting, out var listener));
        Assert.Equal(new PrivateArrival("team1", name), listener.Arrival);
    }

    private static async Task<(HttpStatusCode Status, string Message)> AskAsync(RegistryHost host, string? arrival, string path = "/v2/", bool signedIn = true)
    {
        using var client = host.WithoutCredential();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Client.BaseAddress!, path));
        if (signedIn) request.Headers.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        if (arrival is not null) request.Headers.Add("X-Arrival", arrival);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.Forbidden) return (answer.StatusCode, text);
        using var body = JsonDocument.Parse(text);
        var error = Assert.Single(body.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Equal("DENIED", Text(error, "code"));
        return (answer.StatusCode, Text(error, "message")!);
    }

    private static (string? Status, string? Description) StateOf(JsonElement connection)
    {
        var state = connection.GetProperty("properties").GetProperty("privateLinkServiceConnectionState");
        return (Text(state, "status"), Text(state, "description"));
    }

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();
}
