using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The page on evidence and on checks against policies: what it says to type is typed.</summary>
public sealed class EvidencePageTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_evidence_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "jq"]) Tool.Require(tool);
        var image = await Client.PushImageAsync("hello/alpine", "latest", "3");
        var folder = NewFolder("guide");
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), Fixture.Server.Data);
        var client = new BerthClient(Fixture, folder);
        File.CreateSymbolicLink(Path.Combine(folder, "berth"), Path.Combine(Repository.Artifacts, "bin", "Berth.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "berth-cli"));
        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await GuidePage.ScriptAsync("user/evidence.md", Fixture.Port));

        var (path, line) = Fixture.Names.Command(Tool.Require("bash"), script);
        var result = await Tool.RunAsync(path, line, folder, new Dictionary<string, string>(client.Environment) { ["OWNER_PASSWORD"] = Fixture.Endpoint.Password });

        result.Succeeded();
        foreach (var said in (string[])[image.Digest, "owner", "latest", "deleted-content-kept"]) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Fixture.Endpoint.Password, result.Output + result.Errors, StringComparison.Ordinal);
        Assert.Contains(image.Digest, await File.ReadAllTextAsync(Path.Combine(folder, "release.html")), StringComparison.Ordinal);
        Assert.Contains(image.Digest, await File.ReadAllTextAsync(Path.Combine(folder, "registry.md")), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*.part"));
    }
}
