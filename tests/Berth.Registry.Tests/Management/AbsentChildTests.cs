using System.Net;
using Berth.Registry.Management;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Kinds of resources that later versions bring: clients may look, and nothing pretends to have been done.</summary>
public sealed class AbsentChildTests
{
    [Theory]
    [InlineData("replications")]
    [InlineData("webhooks")]
    [InlineData("privateEndpointConnections")]
    [InlineData("cacheRules")]
    [InlineData("credentialSets")]
    [InlineData("connectedRegistries")]
    [InlineData("agentPools")]
    [InlineData("tasks")]
    [InlineData("taskRuns")]
    [InlineData("runs")]
    [InlineData("exportPipelines")]
    [InlineData("importPipelines")]
    [InlineData("pipelineRuns")]
    public async Task A_list_is_empty_and_one_is_not_found(string segment)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var list = await owner.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Local}/{segment}");
        Assert.Empty(list.GetProperty("value").EnumerateArray());
        Assert.False(list.TryGetProperty("nextLink", out _));
        Assert.Contains($"{ControlClient.Local}/{segment}/one", await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", $"{ControlClient.Local}/{segment}/one"), StringComparison.Ordinal);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", $"{ControlClient.Registries}/absent/{segment}");
    }

    [Fact]
    public async Task Whatever_would_change_something_is_refused_and_leaves_no_trace()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var before = await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None);
        var looked = 0;
        foreach (var route in AbsentChildEndpoints.Routes.Where(route => route.Method != "GET"))
        {
            var path = route.Pattern[(route.Pattern.IndexOf("{registry}", StringComparison.Ordinal) + "{registry}".Length)..];
            path = path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            var message = await owner.ExpectErrorAsync(400, "FeatureNotSupported", route.Method, ControlClient.Local + path, "{}");
            Assert.StartsWith("Nothing was done: this version of Berth does not have ", message, StringComparison.Ordinal);
            await owner.ExpectErrorAsync(404, "ResourceNotFound", route.Method, $"{ControlClient.Registries}/absent{path}", "{}");
            looked++;
        }

        Assert.InRange(looked, 40, 60);
        Assert.Equal(before.Count, (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task A_private_endpoint_would_reach_one_group()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var list = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/privateLinkResources");
        var only = Assert.Single(list.GetProperty("value").EnumerateArray());
        Assert.Equal(ControlClient.Local + "/privateLinkResources/registry", only.GetProperty("id").GetString());
        Assert.Equal(["registry"], only.GetProperty("properties").GetProperty("requiredMembers").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(only.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/privateLinkResources/Registry")).GetRawText());
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", ControlClient.Local + "/privateLinkResources/other");
    }
}
