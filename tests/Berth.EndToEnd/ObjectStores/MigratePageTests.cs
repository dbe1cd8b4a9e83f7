using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>The page that walks from a data folder to two nodes: what it says to type is typed, with the settings that it shows.</summary>
public sealed partial class MigratePageTests(BesideAzuriteServer fixture) : EndToEndTest<BesideAzuriteServer>(fixture, onlyEmbedded: true)
{
    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        ObjectStore.Require(Fixture.LackingStore);
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Each_command_of_the_page_on_moving_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl", "tail"]) Tool.Require(tool);
        await using var target = await MigrationTarget.CreateAsync(Fixture);
        await Client.PushImageAsync(Repo, "v1");
        var folder = NewFolder("guide");
        File.CreateSymbolicLink(Path.Combine(folder, "berth"), BuiltProgram.Server!);
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), Fixture.Server.Data);

        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "user", "migrate.md"));
        string Of(string name) => target.Settings[$"BERTH_Storage__AzureBlob__{name}"];
        var settings = Settings().Match(page).Groups["json"].Value
            .Replace("Host=db.example;Database=berth;Username=berth;Password=…;SSL Mode=VerifyFull", target.ConnectionString, StringComparison.Ordinal)
            .Replace("\"registry\"", $"\"{Of("Container")}\"", StringComparison.Ordinal)
            .Replace("\"https://myaccount.blob.core.windows.net\"", $"\"{Of("Endpoint")}\", \"Account\": \"{Of("Account")}\"", StringComparison.Ordinal)
            .Replace("\"AccountKey\": \"…\"", $"\"AccountKey\": \"{Of("AccountKey")}\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "production.json"), settings);
        var (first, second) = (FreeAddress(), FreeAddress());
        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await GuidePage.ScriptAsync(
            "user/migrate.md", ("127.0.0.1:5000", first), ("127.0.0.1:5443", FreeAddress()), ("127.0.0.1:5001", second), ("127.0.0.1:5444", FreeAddress())));

        var result = await Tool.RunAsync(Tool.Require("bash"), [script], folder, Fixture.ClientEnvironment, limit: TimeSpan.FromMinutes(5));
        result.Succeeded();
        Assert.Contains("Prepared.", result.Output, StringComparison.Ordinal);
        Assert.Contains("Finished.", result.Output, StringComparison.Ordinal);
        Assert.Contains("was moved to", result.Errors, StringComparison.Ordinal);
        Assert.Equal(2, Ready().Count(result.Output));
    }

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    [GeneratedRegex("^```json\n(?<json>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Settings();

    [GeneratedRegex("Berth is ready")]
    private static partial Regex Ready();
}
