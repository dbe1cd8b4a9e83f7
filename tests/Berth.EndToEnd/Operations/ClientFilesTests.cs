using System.Text.Json;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's own files when several of it run at once, and when one of them is killed.</summary>
public sealed class ClientFilesTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    // Far below the minute that a client waits for one that still runs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private string Port => Fixture.Server.Https.Split(':')[1];

    [Fact]
    public async Task Logins_at_once_to_two_endpoints_leave_one_of_them_whole()
    {
        var client = NewClient();
        string[] endpoints = [$"https://localhost:{Port}", $"https://127.0.0.1:{Port}"];
        var logins = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => client.RunWithInputAsync(
            $"{Fixture.Endpoint.Password}\n", "login", "--endpoint", endpoints[i % 2], "-u", Fixture.Endpoint.User, "--password-stdin")));
        foreach (var login in logins) login.Succeeded();

        // There is one session at a time: the last one's.
        var shown = JsonDocument.Parse((await client.RunAsync("account", "show")).Succeeded().Output).RootElement;
        Assert.Contains(ControlClient.Text(shown, "endpoint"), endpoints);
        (await client.RunAsync("ad", "user", "list")).Succeeded();
        Assert.Equal(["lock", "session.json"], Directory.EnumerateFiles(client.Config).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Credentials_of_many_servers_that_are_kept_and_forgotten_at_once_are_all_kept_and_forgotten()
    {
        var client = NewClient();
        await StoreAsync(client, "gone", 4);
        var erased = Enumerable.Range(0, 4).Select(async i => (await client.HelpAsync("erase", $"gone{i}.example")).Succeeded());
        await Task.WhenAll([StoreAsync(client, "kept", 12), .. erased]);

        var kept = JsonDocument.Parse((await client.HelpAsync("list", "")).Succeeded().Output).RootElement;
        Assert.Equal(
            Enumerable.Range(0, 12).Select(i => $"kept{i}.example").Order(StringComparer.Ordinal),
            kept.EnumerateObject().Select(server => server.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_lock_whose_holder_was_killed_holds_nobody_up()
    {
        var client = NewClient();
        Directory.CreateDirectory(client.Config, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var file = Path.Combine(client.Config, "lock");
        using var holder = Tool.Start(Tool.Require("flock"), [file, "sh", "-c", "echo held; read -r line"], Fixture.Folder, client.Environment);
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        var storing = client.HelpAsync("store", """{"ServerURL":"other.example","Username":"ann","Secret":"s3cret"}""");
        Assert.Throws<IOException>(() => new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None).Dispose());

        holder.Kill(entireProcessTree: true);

        (await storing.WaitAsync(Patience)).Succeeded();
        Assert.True(File.Exists(file)); // what is left of it is no lock
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password).WaitAsync(Patience);
        Assert.Contains("other.example", (await client.HelpAsync("list", "")).Succeeded().Output, StringComparison.Ordinal);
    }

    private static async Task StoreAsync(BerthClient client, string name, int count) => await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        (await client.HelpAsync("store", $$"""{"ServerURL":"{{name}}{{i}}.example","Username":"ann","Secret":"s3cret"}""")).Succeeded()));

    private BerthClient NewClient() => new(Fixture, NewFolder("client"));
}
