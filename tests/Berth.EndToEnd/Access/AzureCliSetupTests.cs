using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Access;

/// <summary><c>az setup --hosts</c> on a machine that resolves none of the installation's names.</summary>
public sealed class AzureCliSetupTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Names_that_do_not_resolve_are_shown_and_written_once_when_that_is_asked_for()
    {
        Tool.Require("getent");
        var folder = NewFolder("setup");
        var client = new BerthClient(Fixture, folder);

        // The page on the Azure CLI is run with the real one.
        var az = Path.Combine(Path.GetDirectoryName(client.Helper)!, "az");
        await File.WriteAllTextAsync(az, "#!/bin/sh\nexit 0\n");
        File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var names = await LocalNames.WriteAsync(folder);
        var before = await File.ReadAllTextAsync(names.File);
        const string Line = "127.0.0.1 login.berth.localhost arm.berth.localhost graph.berth.localhost local.berth.localhost\n";
        if (await RunAsync("getent", "ahosts", "login.berth.localhost") is { Status: 0 }) Assert.Skip("The names resolve on this machine.");

        var shown = (await RunAsync(client.Program, "az", "setup", "--endpoint", $"https://{client.Host}")).Succeeded();
        Assert.Contains(Line, shown.Errors, StringComparison.Ordinal);
        Assert.Contains("--hosts", shown.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(names.File));

        for (var round = 0; round < 2; round++)
        {
            var written = (await RunAsync(client.Program, "az", "setup", "--endpoint", $"https://{client.Host}", "--hosts")).Succeeded();
            Assert.Equal($"export REQUESTS_CA_BUNDLE='{client.Environment["SSL_CERT_FILE"]}'\n", written.Output);
            Assert.Equal(before + Line, await File.ReadAllTextAsync(names.File));
        }

        Task<ToolResult> RunAsync(string program, params string[] arguments)
        {
            var (path, line) = names.Command(Tool.Find(program) ?? program, arguments);
            return Tool.RunAsync(path, line, folder, client.Environment);
        }
    }
}
