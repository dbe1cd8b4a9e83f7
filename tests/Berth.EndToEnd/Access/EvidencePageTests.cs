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
        var result = await GuidePage.RunAsync(Fixture, folder, "user/evidence.md", new BerthClient(Fixture, NewFolder("client")).Environment);
        foreach (var said in (string[])[image.Digest, "owner", "latest", "deleted-content-kept"]) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        Assert.Contains(image.Digest, await File.ReadAllTextAsync(Path.Combine(folder, "release.html")), StringComparison.Ordinal);
        Assert.Contains(image.Digest, await File.ReadAllTextAsync(Path.Combine(folder, "registry.md")), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*.part"));
    }
}
