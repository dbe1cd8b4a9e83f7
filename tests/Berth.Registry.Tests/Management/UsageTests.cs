using System.Net;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>What a registry holds, as <c>az acr show-usage</c> asks for it.</summary>
public sealed class UsageTests
{
    [Fact]
    public async Task Every_figure_is_there_and_moves_with_what_it_counts()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal(
            ["Size", "MaximumStorageCapacity", "Webhooks", "Geo-replications", "IPRules", "VNetRules", "PrivateEndpointConnections", "ScopeMaps", "Tokens"],
            (await ListAsync(owner)).Keys);
        Assert.Equal((0, -1, "Bytes"), (await ListAsync(owner))["Size"]);

        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[1_000]));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/other", new byte[1_000]));
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/scopeMaps/usage-map", """{"properties":{"actions":["repositories/a/content/read"]}}""");
        var body = $$"""{"properties":{"scopeMapId":"{{ControlClient.Local}}/scopeMaps/usage-map"} }""";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/tokens/usage-token", body);

        var after = await ListAsync(owner);
        Assert.Equal((1_000, -1, "Bytes"), after["Size"]);
        Assert.Equal((1_000, -1, "Bytes"), after["MaximumStorageCapacity"]);
        Assert.Equal((6, -1, "Count"), after["ScopeMaps"]); // five come with the registry
        Assert.Equal((1, -1, "Count"), after["Tokens"]);
        Assert.Equal((0, 0, "Count"), after["Webhooks"]);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", ControlClient.Registries + "/absent/listUsages");
    }

    private static async Task<Dictionary<string, (long Value, long Limit, string? Unit)>> ListAsync(ControlClient owner)
    {
        var list = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/listUsages");
        return list.GetProperty("value").EnumerateArray().ToDictionary(
            line => line.GetProperty("name").GetString()!,
            line => (line.GetProperty("currentValue").GetInt64(), line.GetProperty("limit").GetInt64(), line.GetProperty("unit").GetString()));
    }
}
