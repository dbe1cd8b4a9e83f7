using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Clients;

/// <summary>helm against the real server: charts as OCI artifacts.</summary>
public sealed class HelmTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    [Fact]
    public async Task A_chart_is_pushed_found_by_a_version_range_and_pulled_byte_for_byte_also_after_a_restart()
    {
        var charts = NewFolder("charts");
        await HelmAsync("create", Path.Combine(charts, "chart"));
        foreach (var version in (string[])["1.2.3+build.4", "1.3.0", "2.0.0"])
        {
            await HelmAsync("package", Path.Combine(charts, "chart"), "--version", version, "-d", charts);
            var pushed = await HelmAsync("push", Path.Combine(charts, $"chart-{version}.tgz"), $"oci://{Host}/{Repo}", "--plain-http");
            var digest = await ServedDigestAsync($"{Repo}/chart", version.Replace('+', '_'));
            Assert.Contains(digest, pushed.Output + pushed.Errors, StringComparison.Ordinal);
        }

        await ExpectPulledAsync(charts, "1.2.3+build.4", "1.2.3+build.4");
        await ExpectPulledAsync(charts, "^1.2", "1.3.0");
        await Fixture.RestartAsync();
        await ExpectPulledAsync(charts, ">= 2", "2.0.0");
        Assert.Contains("version: 1.3.0", (await HelmAsync("show", "chart", $"oci://{Host}/{Repo}/chart", "--version", "1.3.0", "--plain-http")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_takes_the_right_password_and_no_other()
    {
        var helm = await HelmBinary.RequireAsync();
        string[] login = ["registry", "login", Host, "--plain-http", "-u", Fixture.Endpoint.User, "--password-stdin"];
        (await Tool.RunAsync(helm, login, Fixture.Folder, Environment("good.json"), Fixture.Endpoint.Password)).Succeeded();
        (await Tool.RunAsync(helm, login, Fixture.Folder, Environment("bad.json"), "wrong")).Refused();
    }

    private async Task ExpectPulledAsync(string charts, string range, string version)
    {
        var folder = NewFolder("pulled");
        await HelmAsync("pull", $"oci://{Host}/{Repo}/chart", "--version", range, "--plain-http", "-d", folder);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(charts, $"chart-{version}.tgz")), await File.ReadAllBytesAsync(Path.Combine(folder, $"chart-{version}.tgz")));
    }

    private async Task<ToolResult> HelmAsync(params string[] arguments)
    {
        var helm = await HelmBinary.RequireAsync();
        return (await Tool.RunAsync(helm, arguments, Fixture.Folder, Environment(Fixture.AuthFile))).Succeeded();
    }

    private Dictionary<string, string> Environment(string authFile) => new(Fixture.ClientEnvironment)
    {
        ["HELM_REGISTRY_CONFIG"] = Path.Combine(Fixture.Folder, authFile),
    };
}
