using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>Backup and restore of PostgreSQL and an object store, by the commands of docs/user/backup-postgresql.md.</summary>
public sealed partial class DatabaseBackupTests(SharedStoresServer fixture) : EndToEndTest<SharedStoresServer>(fixture)
{
    [Fact]
    public async Task A_dump_and_a_copy_taken_beside_pushes_and_deletions_bring_all_back_and_the_pages_commands_do_it()
    {
        foreach (var tool in (string[])["bash", "pg_dump", "pg_restore", "psql"]) Tool.Require(tool);
        var folder = NewFolder("page");
        var (backup, resume, restore) = await BlocksAsync();
        var berth = new BerthClient(Fixture, folder);
        await berth.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "berth"), $"#!/bin/sh\ncase $1 in storage|restore|backup) exec {BuiltProgram.Server} \"$@\" ;; *) exec {berth.Program} \"$@\" ;; esac\n");
        File.SetUnixFileMode(Path.Combine(folder, "berth"), (UnixFileMode)0b111_101_101);

        var (kept, deleted) = (await Client.PushImageAsync(Repo, "kept"), await Client.PushImageAsync(Repo, "deleted"));
        (await RunAsync(berth, folder, backup)).Succeeded();

        // Between the rows and the bytes: one is deleted, and its time is over before the copy is taken; another is pushed.
        (await Client.DeleteAsync($"/v2/{Repo}/manifests/{deleted.Digest}")).Expect(202);
        var later = await Client.PushImageAsync(Repo, "later");
        var gone = string.Join(", ", Blobs(deleted).Select(blob => $"'01{blob["sha256:".Length..]}'"));
        await UntilAsync(async () => await ReadAsync($"SELECT count(*) FROM memberships WHERE lease_until < 1000 * extract(epoch FROM now()) - 2000 AND encode(digest, 'hex') IN ({gone})") == "2");
        await Fixture.Stores.MoveContainerAsync();
        (await RunAsync(berth, folder, resume)).Succeeded();
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        await Fixture.Stores.LoseDatabaseAsync();

        var restored = (await RunAsync(berth, folder, restore)).Succeeded();
        Assert.Contains("Marked as restored", restored.Output, StringComparison.Ordinal);
        Assert.Contains("0 damaged, 0 manifest entries missing, 0 faults in the metadata", restored.Output, StringComparison.Ordinal);

        // A grace that is long enough to be seen.
        await using var node = Fixture.Stores.Node("restored", new Dictionary<string, string>(SharedStoresServer.Beside) { ["BERTH_Lifecycle__Grace"] = "01:00:00" });
        await node.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(node.Endpoint);
        foreach (var image in (ManifestContent[])[kept, deleted])
        {
            (await client.GetManifestAsync(Repo, image.Digest)).Expect(200).ExpectBody(image.Bytes);
            foreach (var blob in Blobs(image)) Assert.Equal(blob, Content.Digest((await client.GetAsync($"/v2/{Repo}/blobs/{blob}")).Expect(200).Body));
        }

        (await client.GetManifestAsync(Repo, later.Digest)).Expect(404);
        await client.PushImageAsync(Repo, "later");
        await UntilAsync(async () => await ReadAsync("SELECT deletion_suspended_until > 1000 * extract(epoch FROM now()) + 1800000 FROM installation") == "t");
        Assert.Equal("2", await ReadAsync("SELECT ledger_epoch FROM installation"));

        // While it serves, what changes something is refused, and a look is not.
        var settings = Offline();
        var refused = await Tool.RunAsync(BuiltProgram.Server!, ["restore", "--mark", "--data", Path.Combine(folder, "other")], folder, settings);
        Assert.Equal(2, refused.Status);
        Assert.Contains("serves this installation", refused.Errors, StringComparison.Ordinal);
        (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--dry-run", "--data", Path.Combine(folder, "other")], folder, settings)).Succeeded();
    }

    [Fact]
    public async Task Within_the_recovery_window_the_database_alone_is_brought_back_to_what_was_deleted_since()
    {
        foreach (var tool in (string[])["pg_dump", "pg_restore", "psql"]) Tool.Require(tool);
        await using var stores = await SharedStoresActions.MakeAsync();
        var settings = new Dictionary<string, string>(SharedStoresServer.Beside) { ["BERTH_Lifecycle__RecoveryWindow"] = "7d" };
        await using var node = stores.Node("window", settings);
        await node.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(node.Endpoint);
        var image = await client.PushImageAsync(Repo, "1");
        var dump = Path.Combine(NewFolder("dump"), "berth.dump");
        (await Tool.RunAsync(Tool.Require("pg_dump"), ["--format=custom", $"--file={dump}", stores.Address], Fixture.Folder)).Succeeded();

        (await client.DeleteAsync($"/v2/{Repo}/manifests/{image.Digest}")).Expect(202);

        // Not those that are reserved for small blobs, which are due in hours.
        const string Discarded = "SELECT count(*) FROM discarded_locations WHERE not_before > (extract(epoch FROM now()) + 2 * 86400) * 1000";
        await UntilAsync(async () => await stores.QueryAsync(Discarded) == "2");
        Assert.Equal(0, await node.StopAsync(TimeSpan.FromSeconds(40)));
        await stores.LoseDatabaseAsync();
        (await Tool.RunAsync(Tool.Require("pg_restore"), ["--exit-on-error", "--no-owner", $"--dbname={stores.Address}", dump], Fixture.Folder)).Succeeded();
        var offline = stores.OwnedSettings();
        offline.Remove("BERTH_OWNER_PASSWORD");
        foreach (var command in (string[][])[["restore", "--mark"], ["storage", "verify"]])
            (await Tool.RunAsync(BuiltProgram.Server!, [.. command, "--data", NewFolder("scratch")], Fixture.Folder, offline)).Succeeded();

        await using var again = stores.Node("window-again", settings);
        await again.StartAsync(TimeSpan.FromSeconds(60));
        using var reader = new RegistryClient(again.Endpoint);
        (await reader.GetManifestAsync(Repo, "1")).Expect(200).ExpectBody(image.Bytes);
        foreach (var blob in Blobs(image)) Assert.Equal(blob, Content.Digest((await reader.GetAsync($"/v2/{Repo}/blobs/{blob}")).Expect(200).Body));
    }

    [Theory]
    [InlineData("backup --to there", "berth backup copies a data folder")]
    [InlineData("restore --from there", "a restore from a folder brings rows back into a data folder")]
    [InlineData("restore", "Give one of --from DIR")]
    [InlineData("restore --mark --from there", "Give one of --from DIR")]
    public async Task What_is_meant_for_a_data_folder_is_refused_for_a_database_and_says_where_to_read(string command, string sentence)
    {
        var refused = await Tool.RunAsync(BuiltProgram.Server!, [.. command.Split(' '), "--data", NewFolder("other")], Fixture.Folder, Offline());
        Assert.Equal(2, refused.Status);
        Assert.Contains(sentence, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_an_installation_is_not_taken_for_one()
    {
        await using var stores = await SharedStoresActions.MakeAsync();
        var refused = await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", NewFolder("other")], Fixture.Folder, stores.OwnedSettings());
        Assert.Equal(2, refused.Status);
        Assert.Contains("holds no installation", refused.Errors, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Offline()
    {
        var settings = Fixture.Stores.OwnedSettings();
        settings.Remove("BERTH_OWNER_PASSWORD");
        return settings;
    }

    private Task<ToolResult> RunAsync(BerthClient berth, string folder, string commands)
    {
        var environment = new Dictionary<string, string>(berth.Environment) { ["DATABASE"] = Fixture.Stores.Address };
        foreach (var (name, value) in Offline()) environment[name] = value;
        return Tool.RunAsync(Tool.Require("bash"), ["-euc", commands], folder, environment);
    }

    private Task<string> ReadAsync(string text) => Fixture.Stores.QueryAsync(text);

    private static IEnumerable<string> Blobs(ManifestContent image)
    {
        var manifest = JsonDocument.Parse(image.Bytes).RootElement;
        return manifest.GetProperty("layers").EnumerateArray().Append(manifest.GetProperty("config")).Select(one => one.GetProperty("digest").GetString()!);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "It did not become so in half a minute.");
            await Task.Delay(100);
        }
    }

    private static async Task<(string Backup, string Resume, string Restore)> BlocksAsync()
    {
        var blocks = Shell().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "user", "backup-postgresql.md")));
        Assert.Equal(3, blocks.Count);
        return (blocks[0].Groups["commands"].Value, blocks[1].Groups["commands"].Value, blocks[2].Groups["commands"].Value);
    }

    [GeneratedRegex("^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Shell();
}
