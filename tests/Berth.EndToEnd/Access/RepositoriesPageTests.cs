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
        var result = await GuidePage.RunAsync(Fixture, NewFolder("guide"), "user/repositories.md", new Dictionary<string, string>());
        Assert.Contains("Team A", result.Output, StringComparison.Ordinal);
        Assert.Contains("""["1"]""", result.Output, StringComparison.Ordinal);
    }
}
