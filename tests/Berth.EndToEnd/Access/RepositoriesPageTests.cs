using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The page on what a registry holds, how it is locked and deleted: what it says to type is typed.</summary>
public sealed class RepositoriesPageTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_repositories_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl", "jq"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "latest", "3");
        await Client.PushImageAsync("hello/other", "1");
        var folder = NewFolder("guide");
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), Fixture.Server.Data);
        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await GuidePage.ScriptAsync("user/repositories.md", Fixture.Port));

        var (path, line) = Fixture.Names.Command(Tool.Require("bash"), script);
        var result = await Tool.RunAsync(
            path, line, folder, new Dictionary<string, string>(Fixture.ClientEnvironment) { ["OWNER_PASSWORD"] = Fixture.Endpoint.Password });

        result.Succeeded();
        Assert.Contains("Team A", result.Output, StringComparison.Ordinal);
        Assert.Contains("""["1"]""", result.Output, StringComparison.Ordinal);
    }
}
