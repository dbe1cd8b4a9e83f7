using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The page that walks from nothing to graphs and alerts: what it says to type is typed, with the real Prometheus.</summary>
public sealed class ObservingPageTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_observing_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl", "prometheus", "promtool"]) Tool.Require(tool);
        await Client.PushImageAsync(Repo, "latest");
        var folder = NewFolder("guide");
        Directory.CreateDirectory(Path.Combine(folder, "deploy", "prometheus"));
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "deploy", "prometheus")))
        {
            var text = await File.ReadAllTextAsync(file);
            await File.WriteAllTextAsync(Path.Combine(folder, "deploy", "prometheus", Path.GetFileName(file)), text.Replace("127.0.0.1:5000", Host, StringComparison.Ordinal)
                .Replace("scrape_interval: 15s", "scrape_interval: 1s", StringComparison.Ordinal));
        }

        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await GuidePage.ScriptAsync("user/observing.md", ("127.0.0.1:5000", Host), ("127.0.0.1:9090", FreeAddress())));
        var result = await Tool.RunAsync(Tool.Require("bash"), [script], folder, Fixture.ClientEnvironment);

        result.Succeeded();
        Assert.Contains("berth_repositories 1", result.Output, StringComparison.Ordinal);
        Assert.Contains("SUCCESS", result.Output, StringComparison.Ordinal);
        Assert.Matches("berth_repositories\\{[^}]*\\} => 1 @", result.Output);
        Assert.Contains("BerthErrors", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Fixture.Endpoint.Password, result.Output + result.Errors, StringComparison.Ordinal);
    }

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
