using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Operations;

/// <summary>The commands of docs/user/production.md, on a node with a database and an object store.</summary>
public sealed class ProductionPageTests(SharedStoresServer fixture) : EndToEndTest<SharedStoresServer>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_several_nodes_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "psql"]) Tool.Require(tool);
        var folder = NewFolder("page");
        var berth = new BerthClient(Fixture, folder);
        await berth.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        File.CreateSymbolicLink(Path.Combine(folder, "berth"), berth.Program);
        var environment = new Dictionary<string, string>(berth.Environment) { ["DATABASE"] = Fixture.Stores.Address };
        var result = (await Tool.RunAsync(Tool.Require("bash"), ["-c", await GuidePage.ScriptAsync("user/production.md")], folder, environment)).Succeeded();

        Assert.Contains("max_pred_locks_per_transaction|", result.Output, StringComparison.Ordinal);
        Assert.Contains("serving", result.Output, StringComparison.Ordinal);
        Assert.Contains("\"state\": \"running\"", result.Output, StringComparison.Ordinal);
    }
}
