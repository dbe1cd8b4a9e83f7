using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The real Azure CLI and the client on a registry's identities and its data endpoint.</summary>
public sealed class AzureCliIdentityTests(AzureCliFixture fixture) : EndToEndTest<AzureCliFixture>(fixture)
{
    private AzureCli _az = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _az = await Fixture.OwnerAsync();
    }

    [Fact]
    public async Task The_Azure_CLI_attaches_shows_and_removes_identities()
    {
        var (first, second) = ($"id-{Content.Name()}", $"id-{Content.Name()}");
        var ids = new[] { first, second }.Select(IdOf).ToArray();
        foreach (var id in ids) await Fixture.Control.ArmAsync("PUT", id, new { location = "home" });

        await _az.JsonAsync("acr", "identity", "assign", "-n", "local", "--identities", "[system]", ids[0]);
        var shown = await _az.JsonAsync("acr", "identity", "show", "-n", "local");
        Assert.Equal("systemAssigned, userAssigned", shown.GetProperty("type").GetString(), ignoreCase: true);
        Assert.Equal(ids[0], Assert.Single(shown.GetProperty("userAssignedIdentities").EnumerateObject()).Name, ignoreCase: true);
        await _az.JsonAsync("acr", "identity", "assign", "-n", "local", "--identities", ids[1]);
        shown = await _az.JsonAsync("acr", "identity", "show", "-n", "local");
        Assert.Equal(2, shown.GetProperty("userAssignedIdentities").EnumerateObject().Count());
        Assert.All(shown.GetProperty("userAssignedIdentities").EnumerateObject(), entry => Assert.True(Guid.TryParse(entry.Value.GetProperty("clientId").GetString(), out _)));

        await _az.JsonAsync("acr", "identity", "remove", "-n", "local", "--identities", ids[0]);
        await _az.JsonAsync("acr", "identity", "remove", "-n", "local", "--identities", "[system]");
        shown = await _az.JsonAsync("acr", "identity", "show", "-n", "local");
        Assert.Equal("userAssigned", shown.GetProperty("type").GetString(), ignoreCase: true);
        Assert.Equal(ids[1], Assert.Single(shown.GetProperty("userAssignedIdentities").EnumerateObject()).Name, ignoreCase: true);
        await _az.JsonAsync("acr", "identity", "remove", "-n", "local", "--identities", ids[1]);
        await _az.JsonAsync("acr", "update", "-n", "local", "--tags", "a=b");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await _az.JsonAsync("acr", "show", "-n", "local")).GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task The_client_attaches_shows_and_removes_identities()
    {
        var client = new BerthClient(Fixture, NewFolder("client"));
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var name = $"id-{Content.Name()}";
        await Fixture.Control.ArmAsync("PUT", IdOf(name), new { location = "home" });
        await Fixture.Control.ArmAsync("PUT", Fixture.Control.Scope("second"), new { location = "East US 2", sku = new { name = "Premium" } });
        string[] on = ["--name", "second"];

        Assert.Equal("SystemAssigned, UserAssigned", await QueryAsync("identity.type", ["acr", "identity", "assign", .. on, "--identities", "[system]", name]));
        Assert.Equal("SystemAssigned, UserAssigned", await QueryAsync("type", ["acr", "identity", "show", .. on]));
        Assert.Equal("UserAssigned", await QueryAsync("identity.type", ["acr", "identity", "remove", .. on, "--identities", "[system]"]));
        var absent = await client.RunAsync(["acr", "identity", "remove", .. on, "--identities", "[system]"]);
        Assert.Contains("does not have the identity '[system]'", absent.Errors, StringComparison.Ordinal);
        Assert.Equal("", await QueryAsync("identity.type", ["acr", "identity", "remove", .. on, "--identities", IdOf(name)]));

        Assert.Equal("0", await QueryAsync("length(dataEndpoints)", ["acr", "show-endpoints", .. on]));
        Assert.Equal("true", await QueryAsync("dataEndpointEnabled", ["acr", "update", .. on, "--data-endpoint-enabled", "true"]));
        Assert.Equal($"second.eastus2.data.berth.localhost:{Fixture.Port}", await QueryAsync("dataEndpoints[0].endpoint", ["acr", "show-endpoints", .. on]));

        async Task<string> QueryAsync(string query, string[] command) =>
            (await client.RunAsync([.. command, "--query", query, "--output", "tsv"])).Succeeded().Output.Trim();
    }

    [Fact]
    public async Task The_Azure_CLI_gives_a_registry_its_data_endpoint_and_shows_it()
    {
        var shown = await _az.JsonAsync("acr", "update", "-n", "local", "--data-endpoint-enabled", "true");
        Assert.True(shown.GetProperty("dataEndpointEnabled").GetBoolean());
        var endpoints = await _az.JsonAsync("acr", "show-endpoints", "-n", "local");
        var endpoint = Assert.Single(endpoints.GetProperty("dataEndpoints").EnumerateArray());
        Assert.Equal(
            ("home", $"local.home.data.berth.localhost:{Fixture.Port}"), (endpoint.GetProperty("region").GetString(), endpoint.GetProperty("endpoint").GetString()));
        shown = await _az.JsonAsync("acr", "update", "-n", "local", "--data-endpoint-enabled", "false");
        Assert.False(shown.GetProperty("dataEndpointEnabled").GetBoolean());
    }

    private string IdOf(string name) =>
        $"/subscriptions/{Fixture.Control.Subscription}/resourceGroups/default/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}";
}
