using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>
/// Backups and restores that are killed as processes. A pipe among the certificates, which are copied after the bytes and before the rows are
/// published, holds a command where it is until it is killed.
/// </summary>
public sealed class KilledCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture, onlyEmbedded: true)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_killed_restore_is_refused_by_serve_and_goes_on_when_it_is_run_again()
    {
        var image = await Client.PushImageAsync(Repo, "pushed");
        var (backup, restored) = (NewFolder("backup"), NewFolder("restored"));
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();

        var other = await KillAsync(backup, ["restore", "--from", backup, "--data", restored], ["backup", "--data", Fixture.Server.Data, "--to", backup]);
        ExpectRefused(other, "is being copied by a restore");
        ExpectRefused(await BerthAsync("serve", "--data", restored, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"), "./berth restore");
        ExpectRefused(await BerthAsync("storage", "verify", "--data", restored), "./berth restore");

        var again = (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        Assert.Contains(": 0 blobs of 0 bytes copied", again.Output, StringComparison.Ordinal);
        await ExpectServedAsync(restored, ("pushed", image), absent: []);
    }

    [Fact]
    public async Task A_killed_update_of_a_backup_leaves_the_old_backup_until_it_is_run_again()
    {
        var image = await Client.PushImageAsync(Repo, "before");
        var (backup, restored) = (NewFolder("backup"), NewFolder("restored"));
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
        var later = await Client.PushImageAsync(Repo, "after");

        var other = await KillAsync(Fixture.Server.Data, ["backup", "--data", Fixture.Server.Data, "--to", backup], ["restore", "--from", backup, "--data", restored]);
        ExpectRefused(other, "(berth backup)");
        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        await ExpectServedAsync(restored, ("before", image), absent: ["after"]);

        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
        restored = NewFolder("restored");
        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        await ExpectServedAsync(restored, ("after", later), absent: []);
    }

    private static void ExpectRefused(ToolResult result, string sentence)
    {
        Assert.True(result.Status == 2, result.ToString());
        Assert.Contains(sentence, Assert.Single(result.Errors.Trim().Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>Holds one command where it copies the certificates of a folder, runs another one, and kills the first.</summary>
    private async Task<ToolResult> KillAsync(string certificates, string[] held, string[] other)
    {
        var pipe = Path.Combine(certificates, "tls", "held.pem");
        (await Tool.RunAsync(Tool.Require("mkfifo"), [pipe], Fixture.Folder)).Succeeded();
        using var process = Tool.Start(BuiltProgram.Server!, held, Fixture.Folder, Fixture.ClientEnvironment);
        try
        {
            // Opens when the command opens the other end.
            var opening = Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write));
            var ended = process.WaitForExitAsync();
            Assert.True(await Task.WhenAny(opening, ended).WaitAsync(Patience) == opening, "The command ended without a look at the certificates.");
            await using var writer = await opening;
            return await BerthAsync(other);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync().WaitAsync(Patience);
            File.Delete(pipe);
        }
    }

    private async Task ExpectServedAsync(string data, (string Tag, ManifestContent Image) present, string[] absent)
    {
        (await BerthAsync("storage", "verify", "--data", data)).Succeeded();
        await using var server = new ServerProcess(BuiltProgram.Server!, "restored", data: data);
        await server.StartAsync(Patience);
        using var client = new RegistryClient(server.Endpoint);
        (await client.GetManifestAsync(Repo, present.Tag)).Expect(200).ExpectBody(present.Image.Bytes);
        foreach (var tag in absent) (await client.GetManifestAsync(Repo, tag)).Expect(404);
    }

    private Task<ToolResult> BerthAsync(params string[] arguments) => Tool.RunAsync(BuiltProgram.Server!, arguments, Fixture.Folder, Fixture.ClientEnvironment);
}
