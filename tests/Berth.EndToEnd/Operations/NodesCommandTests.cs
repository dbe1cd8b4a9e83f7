using System.Diagnostics;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>A server that takes requests for a while after it was told to end, as one behind a balancer does.</summary>
public sealed class BalancedServer : ServerFixture
{
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string> { ["BERTH_Shutdown__Delay"] = "00:00:05" };
}

/// <summary>The nodes by the client's commands, and how one leaves.</summary>
public sealed class NodesCommandTests(BalancedServer fixture) : EndToEndTest<BalancedServer>(fixture)
{
    [Fact]
    public async Task The_node_is_listed_with_its_version_and_leaves_only_after_its_balancer_could_notice()
    {
        var client = new BerthClient(Fixture, NewFolder("client"));
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var clock = Stopwatch.StartNew();
        List<JsonElement> nodes;
        do nodes = [.. JsonDocument.Parse((await client.RunAsync("nodes", "list")).Succeeded().Output).RootElement.EnumerateArray()];
        while (nodes.Count == 0 && clock.Elapsed < TimeSpan.FromSeconds(60));
        var node = Assert.Single(nodes);
        Assert.Equal(("serving", Environment.MachineName), (node.GetProperty("state").GetString(), node.GetProperty("name").GetString()));
        Assert.True(node.GetProperty("isAnswering").GetBoolean());
        Assert.Contains(Environment.MachineName, (await client.RunAsync("nodes", "list", "--output", "table")).Succeeded().Output, StringComparison.Ordinal);
        foreach (var verb in (string[])["leases", "lag"]) Assert.Equal("[]", (await client.RunAsync("nodes", verb)).Succeeded().Output.Trim());

        var image = await Client.PushImageAsync(Repo, "v1");
        clock.Restart();
        var stopping = Fixture.Server.StopAsync(TimeSpan.FromSeconds(40));
        while ((await Client.GetAsync("/healthz/ready")).Status == 200) Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), "It still says that it is ready.");

        // Until the balancer has noticed, nobody gets an error; and connections do not stay.
        (await Client.GetAsync($"/v2/{Repo}/manifests/{image.Digest}")).Expect(200).ExpectHeader("Connection", "close");
        await Client.PushImageAsync(Repo, "v2");
        Assert.Equal(0, await stopping);
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        (await Client.GetAsync($"/v2/{Repo}/manifests/v2")).Expect(200);
    }
}
