using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The page that takes an operator from one shared password to an identity for everybody: what it says to type is typed.</summary>
public sealed class GuidePageTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_giving_access_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "jq", "podman", "skopeo"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "latest");
        var folder = NewFolder("guide");
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), Fixture.Server.Data);
        File.CreateSymbolicLink(Path.Combine(folder, "berth"), BuiltClient());
        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await GuidePage.ScriptAsync("user/access.md", Fixture.Port));

        var (path, line) = Fixture.Names.Command(Tool.Require("bash"), script);
        var result = await Tool.RunAsync(path, line, folder, new Dictionary<string, string>(Fixture.ClientEnvironment)
        {
            ["REGISTRY_AUTH_FILE"] = Path.Combine(folder, "auth.json"),
            ["BERTH_CONFIG_DIR"] = Path.Combine(folder, "config"),
            ["OWNER_PASSWORD"] = Fixture.Endpoint.Password,
            ["ANNS_PASSWORD"] = "Ann's first passw0rd",
            ["PIPELINE_ISSUER"] = Fixture.Issuer.Name,
            ["PIPELINE_SUBJECT"] = TestIssuer.Subject,
            ["PIPELINE_TOKEN"] = Fixture.Issuer.Token(),
            ["CLUSTER_ISSUER"] = Fixture.Issuer.Name,
            ["CLUSTER_TOKEN"] = Fixture.Issuer.Token("system:serviceaccount:team:default"),
        });

        result.Succeeded();
        Assert.Contains("ann@example.test", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Fixture.Endpoint.Password, result.Output + result.Errors, StringComparison.Ordinal);
    }

    /// <summary>The client that was built with the tests.</summary>
    private static string BuiltClient()
    {
        var built = Path.Combine(Repository.Artifacts, "bin", "Berth.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "berth-cli");
        if (!File.Exists(built)) Tool.Lacking("There is no built berth-cli.");
        return built;
    }
}
