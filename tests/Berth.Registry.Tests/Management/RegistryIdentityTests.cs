using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity;

namespace Berth.Registry.Tests.Management;

/// <summary>The identity of a registry's own: made and deleted with the registry's change, and a principal like others meanwhile.</summary>
public sealed class RegistryIdentityTests
{
    private const string Team = ControlClient.Registries + "/teamone";
    private const string Assign = """{"identity":{"type":"SystemAssigned"}}""";
    private const string Remove = """{"identity":{"type":"None"}}""";
    private const string Assignments = "/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()";

    [Fact]
    public async Task An_identity_is_made_once_shown_wherever_the_registry_is_and_removed()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("identity").ValueKind);

        var made = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign);
        var identity = made.GetProperty("identity");
        var id = identity.GetProperty("principalId").GetString()!;
        Assert.Equal(("SystemAssigned", "tenant"), (identity.GetProperty("type").GetString(), identity.GetProperty("tenantId").GetString()));
        Assert.True(Guid.TryParse(id, out _));

        foreach (var (method, body) in ((string, string?)[])[
            ("GET", null), ("PATCH", """{"identity":{"type":"systemassigned","userAssignedIdentities":{"/gone":null} } }"""), ("PATCH", """{"tags":{"a":"b"}}"""),
            ("PATCH", """{"identity":null}"""), ("PUT", made.GetRawText())])
            Assert.Equal(id, IdOf(await owner.ExpectAsync(HttpStatusCode.OK, method, ControlClient.Local, body)));
        Assert.Equal(id, IdOf(Assert.Single((await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Registries)).GetProperty("value").EnumerateArray())));

        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Remove)).GetProperty("identity").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Remove)).GetProperty("identity").ValueKind);
        Assert.NotEqual(id, IdOf(await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign)));
    }

    [Fact]
    public async Task An_identity_is_in_the_directory_and_no_account_of_the_registry()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var graph = await GraphClient.OfAsync(host);
        var id = IdOf(await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign));

        var shown = Assert.Single((await graph.GoodAsync("GET", "/v1.0/servicePrincipals?$filter=displayName eq 'local'")).GetProperty("value").EnumerateArray());
        Assert.Equal((id, "ManagedIdentity"), (shown.GetProperty("id").GetString(), shown.GetProperty("servicePrincipalType").GetString()));
        Assert.True(shown.GetProperty("accountEnabled").GetBoolean());
        Assert.Equal(400, (await graph.RefusedAsync("DELETE", $"/v1.0/servicePrincipals/{id}")).Status);
        Assert.Equal(400, (await graph.RefusedAsync("POST", $"/v1.0/servicePrincipals/{id}/addPassword")).Status);
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"/v1.0/applications/{id}/federatedIdentityCredentials")).Status);

        foreach (var list in (string[])[ControlClient.Local + "/tokens", ControlClient.Identities])
            Assert.Empty((await owner.ExpectAsync(HttpStatusCode.OK, "GET", list)).GetProperty("value").EnumerateArray());
    }

    [Fact]
    public async Task A_new_registry_has_one_from_the_beginning_with_the_rights_it_is_given_until_the_registry_is_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var graph = await GraphClient.OfAsync(host);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, """{"sku":{"name":"Basic"},"identity":{"type":"SystemAssigned"}}""");
        await owner.AssignAsync(ControlClient.Local, ControlClient.Reader, IdOf(made), "ServicePrincipal");
        using var identity = await ControlClient.OfAsync(host, Team.ToLowerInvariant());
        await identity.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        Assert.Equal(HttpStatusCode.Forbidden, (await identity.SendAsync("GET", Team)).Status); // its registry gives it nothing

        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Team);

        Assert.Equal(HttpStatusCode.Unauthorized, (await identity.SendAsync("GET", ControlClient.Local)).Status);
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"/v1.0/servicePrincipals/{IdOf(made)}")).Status);
        Assert.Empty((await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + Assignments)).GetProperty("value").EnumerateArray());
        var again = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, """{"sku":{"name":"Basic"}}""");
        Assert.Equal(JsonValueKind.Null, again.GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task A_removed_identity_takes_its_rights_along_and_the_registry_s_change_says_so()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var id = IdOf(await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign));
        await owner.AssignAsync(ControlClient.Local, ControlClient.AcrPull, id, "ServicePrincipal");

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Remove);

        Assert.Empty((await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + Assignments)).GetProperty("value").EnumerateArray());
        var filter = Uri.EscapeDataString("eventTimestamp ge '2026-11-24T00:00:00Z'");
        var events = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Subscription}/providers/Microsoft.Insights/eventtypes/management/values?$filter={filter}"))
            .GetProperty("value").EnumerateArray().Select(e => (e.GetProperty("operationName").GetProperty("value").GetString(), e.GetProperty("resourceId").GetString())).ToList();
        Assert.Equal(2, events.Count(e => e == ("Microsoft.ContainerRegistry/registries/write", ControlClient.Local)));
        Assert.Contains(events, e => e.Item1 == "Microsoft.Authorization/roleAssignments/delete");
        Assert.DoesNotContain(events, e => e.Item1!.StartsWith("Microsoft.ManagedIdentity", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MissingIdentityIds", """{"identity":{"type":"UserAssigned"}}""")]
    [InlineData("MissingIdentityIds", """{"identity":{"type":"SystemAssigned, UserAssigned"}}""")]
    [InlineData("MissingIdentityIds", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/x":null}}}""")]
    [InlineData("InvalidIdentityType", """{"identity":{"type":"Other"}}""")]
    [InlineData("InvalidIdentityType", """{"identity":{"type":"SystemAssigned","userAssignedIdentities":{"/subscriptions/x":{}}}}""")]
    [InlineData("InvalidIdentityType", """{"identity":{"type":"None","userAssignedIdentities":{"/subscriptions/x":{}}}}""")]
    [InlineData("InvalidRequestContent", """{"identity":{"userAssignedIdentities":{"/subscriptions/x":{}}}}""")]
    [InlineData("InvalidRequestContent", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/x":1}}}""")]
    [InlineData("InvalidRequestContent", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/x":{"more":1}}}}""")]
    [InlineData("InvalidRequestContent", """{"identity":{"type":"UserAssigned","userAssignedIdentities":[]}}""")]
    [InlineData("LinkedInvalidPropertyId", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"builder":{}}}}""")]
    [InlineData("FailedIdentityOperation", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/subscription/resourceGroups/default/providers/Microsoft.ManagedIdentity/userAssignedIdentities/absent":{}}}}""")]
    [InlineData("FailedIdentityOperation", """{"identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/subscription/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/local":{}}}}""")]
    public async Task Identities_that_cannot_be_are_refused_and_nothing_is_changed(string code, string body)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(400, code, "PATCH", ControlClient.Local, body);
        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task A_disabled_identity_s_tokens_are_refused_on_both_planes_until_it_is_enabled_again()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var graph = await GraphClient.OfAsync(host);
        var name = ControlClient.Local.ToLowerInvariant();
        var id = IdOf(await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign));
        await host.AssignAsync(name, "Reader");
        using var identity = await ControlClient.OfAsync(host, name);
        using var anybody = host.WithoutCredential();
        var refresh = (await PostAsync("/oauth2/exchange", ("grant_type", "access_token"), ("access_token", identity.Token))).Body.GetProperty("refresh_token").GetString()!;
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await UseAsync());

        await graph.GoodAsync("PATCH", $"/v1.0/servicePrincipals/{id}", """{"accountEnabled":false}""");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), await UseAsync());
        Assert.False((await graph.GoodAsync("GET", $"/v1.0/servicePrincipals/{id}")).GetProperty("accountEnabled").GetBoolean());

        // The registry's change neither enables it nor makes another.
        Assert.Equal(id, IdOf(await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Assign)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await UseAsync()).Control);
        await graph.GoodAsync("PATCH", $"/v1.0/servicePrincipals/{id}", """{"accountEnabled":true}""");
        using var anew = await ControlClient.OfAsync(host, name);
        await anew.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);

        async Task<(HttpStatusCode Control, HttpStatusCode Data)> UseAsync() => (
            (await identity.SendAsync("GET", ControlClient.Local)).Status,
            (await PostAsync("/oauth2/token", ("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", "repository:team/app:pull"))).Status);

        async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, params (string Name, string Value)[] fields)
        {
            using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
            using var answer = await anybody.PostAsync(new Uri(path, UriKind.Relative), form);
            return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
        }
    }

    private static string IdOf(JsonElement registry) => registry.GetProperty("identity").GetProperty("principalId").GetString()!;
}
