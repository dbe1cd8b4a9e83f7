using System.Net;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>A listener that is one registry's alone, at the real server.</summary>
public sealed class PrivateListenerTests(PrivateListenerFixture fixture) : EndToEndTest<PrivateListenerFixture>(fixture)
{
    [Fact]
    public async Task Callers_at_the_private_listener_reach_its_registry_whatever_the_rules_say_and_no_other()
    {
        var owner = new BerthClient(Fixture, NewFolder("client"));
        await owner.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var changed = await owner.RunAsync("acr", "update", "--name", "local", "--public-network-enabled", "false", "--force");
        changed.Succeeded();
        Assert.Contains($"\"{Fixture.Connection}\"", changed.Output, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await Fixture.CallPrivatelyAsync()).Status);
        var (status, body) = await Fixture.CallPubliclyAsync();
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("public network access is disabled", body, StringComparison.Ordinal);
        await Fixture.Control.ArmAsync("PUT", Fixture.Control.Scope("second"), new { location = "local", sku = new { name = "Premium" } });
        (status, body) = await Fixture.CallPrivatelyAsync("second");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("private one. Call this registry at its own", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blobs_are_given_at_the_private_listener_itself_though_the_registry_has_a_data_endpoint()
    {
        await Fixture.Control.ArmAsync("PATCH", Fixture.Control.Scope(), new { properties = new { dataEndpointEnabled = true, publicNetworkAccess = "Enabled" } });
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(1_000));
        var path = $"/v2/{Repo}/blobs/{blob.Digest}";
        Assert.Equal(HttpStatusCode.TemporaryRedirect, (await Fixture.CallPubliclyAsync(path)).Status);
        Assert.Equal(HttpStatusCode.OK, (await Fixture.CallPrivatelyAsync(path: path)).Status);
        await Fixture.Control.ArmAsync("PATCH", Fixture.Control.Scope(), new { properties = new { dataEndpointEnabled = false } });
    }

    [Fact]
    public async Task The_Azure_CLI_rejects_approves_and_deletes_the_connection_and_who_pulls_by_it_meets_that_at_once_and_after_a_restart()
    {
        var az = await Fixture.OwnerAsync();
        string[] named = ["--registry-name", "local", "--name", Fixture.Connection];
        await Fixture.Control.ArmAsync("PATCH", Fixture.Control.Scope(), new { properties = new { publicNetworkAccess = "Enabled" } });
        await Client.PushImageAsync(Repo, "v1");
        var listed = Assert.Single((await az.JsonAsync("acr", "private-endpoint-connection", "list", "--registry-name", "local")).EnumerateArray());
        Assert.Equal((Fixture.Connection, "Succeeded", "Approved"), (ControlClient.Text(listed, "name"), ControlClient.Text(listed, "provisioningState"), StatusOf(listed)));
        await ExpectAsync(HttpStatusCode.OK);

        var rejected = await az.JsonAsync(["acr", "private-endpoint-connection", "reject", .. named, "--description", "Not ours."]);
        Assert.Equal(("Rejected", "Not ours."), (StatusOf(rejected), StateOf(rejected, "description")));
        await ExpectAsync(HttpStatusCode.Forbidden);
        await Fixture.RestartAsync();
        await ExpectAsync(HttpStatusCode.Forbidden);
        Assert.Equal("Rejected", StatusOf(await az.JsonAsync(["acr", "private-endpoint-connection", "show", .. named])));

        Assert.Equal("Approved", StatusOf(await az.JsonAsync(["acr", "private-endpoint-connection", "approve", .. named, "--description", "Ours."])));
        await ExpectAsync(HttpStatusCode.OK);
        await Fixture.RestartAsync();
        await ExpectAsync(HttpStatusCode.OK);

        (await az.RunAsync(["acr", "private-endpoint-connection", "delete", .. named])).Succeeded();
        Assert.Equal("Disconnected", StatusOf(await az.JsonAsync(["acr", "private-endpoint-connection", "show", .. named])));
        await ExpectAsync(HttpStatusCode.Forbidden);
        await az.JsonAsync(["acr", "private-endpoint-connection", "approve", .. named]);
        await ExpectAsync(HttpStatusCode.OK);
        var unknown = await az.RunAsync("acr", "private-endpoint-connection", "approve", "--registry-name", "local", "--name", "absent");
        Assert.NotEqual(0, unknown.Status);
        Assert.Contains("ResourceNotFound", unknown.Errors, StringComparison.Ordinal);

        async Task ExpectAsync(HttpStatusCode expected)
        {
            var (status, body) = await Fixture.CallPrivatelyAsync(path: $"/v2/{Repo}/manifests/v1");
            Assert.Equal(expected, status);
            Assert.Equal(HttpStatusCode.OK, (await Fixture.CallPubliclyAsync($"/v2/{Repo}/manifests/v1")).Status);
            if (expected == HttpStatusCode.Forbidden) Assert.Contains(Fixture.Connection, body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_client_prints_what_the_Azure_CLI_prints()
    {
        var az = await Fixture.OwnerAsync();
        var owner = new BerthClient(Fixture, NewFolder("client"));
        await owner.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        string[] named = ["--registry-name", "local", "--name", Fixture.Connection];
        foreach (string[] command in (string[][])[["list", "--registry-name", "local"], ["show", .. named], ["approve", .. named, "--description", "Ours."]])
        {
            var printed = (await owner.RunAsync(["acr", "private-endpoint-connection", .. command, "--output", "json"])).Succeeded().Output;
            var expected = (await az.JsonAsync(["acr", "private-endpoint-connection", .. command])).GetRawText();
            using var ours = JsonDocument.Parse(printed);
            using var theirs = JsonDocument.Parse(expected);
            foreach (var (mine, other) in Pairs(ours.RootElement, theirs.RootElement))
            {
                foreach (var name in (string[])["id", "name", "type", "provisioningState", "resourceGroup"])
                    Assert.Equal((name, ControlClient.Text(other, name)), (name, ControlClient.Text(mine, name)));
                foreach (var name in (string[])["status", "description", "actionsRequired"])
                    Assert.Equal((name, StateOf(other, name)), (name, StateOf(mine, name)));
            }
        }
    }

    private static IEnumerable<(JsonElement, JsonElement)> Pairs(JsonElement mine, JsonElement other) =>
        mine.ValueKind == JsonValueKind.Array ? mine.EnumerateArray().Zip(other.EnumerateArray()) : [(mine, other)];

    private static string StatusOf(JsonElement connection) => StateOf(connection, "status");

    private static string StateOf(JsonElement connection, string name) => ControlClient.Text(connection.GetProperty("privateLinkServiceConnectionState"), name);
}
