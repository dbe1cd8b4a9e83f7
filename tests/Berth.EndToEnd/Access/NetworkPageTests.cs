using Berth.EndToEnd.Harness;
using Berth.EndToEnd.Operations;

namespace Berth.EndToEnd.Access;

/// <summary>The page on who may reach a registry, against a server that has a private listener.</summary>
public sealed class NetworkPageTests(PrivateListenerFixture fixture) : EndToEndTest<PrivateListenerFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_network_rules_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl"]) Tool.Require(tool);
        var variables = new Dictionary<string, string> { ["PRIVATE"] = $"{PrivateListenerFixture.Address}:{Fixture.PrivatePort}" };
        var result = await GuidePage.RunAsync(Fixture, NewFolder("guide"), "user/network.md", variables);
        foreach (var said in (string[])["203.0.113.0/24", "127.0.0.2", Fixture.Connection, "The team has moved.", "Disconnected"])
            Assert.Contains(said, result.Output, StringComparison.Ordinal);
    }
}
