using System.Text.Json.Nodes;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>Verification, backup and restore, as an operator runs them.</summary>
public sealed class OfflineCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture, onlyEmbedded: true)
{
    [Fact]
    public async Task A_backup_taken_under_load_restores_to_a_server_that_serves_everything_pushed_before_it()
    {
        var images = new List<(string Tag, ManifestContent Image)>();
        for (var i = 0; i < 5; i++) images.Add(($"before-{i}", await Client.PushImageAsync(Repo, $"before-{i}")));
        using var ending = new CancellationTokenSource();
        var load = PushUntilAsync(ending.Token);
        var backup = NewFolder("backup");

        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
        images.Add(("between", await Client.PushImageAsync(Repo, "between")));
        var again = (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
        Assert.DoesNotContain(" 0 were there already", again.Output, StringComparison.Ordinal);
        await ending.CancelAsync();
        await load;

        var restored = NewFolder("restored");
        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        (await BerthAsync("storage", "verify", "--data", restored)).Succeeded();
        await using var server = new ServerProcess(BuiltProgram.Server!, "restored", data: restored);
        await server.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(server.Endpoint);
        foreach (var (tag, image) in images) (await client.GetManifestAsync(Repo, tag)).Expect(200).ExpectBody(image.Bytes);
        await client.PushImageAsync(Repo, "after-the-restore");
    }

    [Fact]
    public async Task Offline_commands_take_the_file_of_settings_that_a_server_is_started_with()
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        var (settings, other) = (Path.Combine(NewFolder("settings"), "berth.json"), Path.Combine(NewFolder("settings"), "other.json"));
        await File.WriteAllTextAsync(settings, new JsonObject { ["Data"] = Fixture.Server.Data }.ToJsonString());
        var backup = NewFolder("backup");
        (await BerthAsync("backup", "--config", settings, "--to", backup)).Succeeded();

        var restored = NewFolder("restored");
        await File.WriteAllTextAsync(other, new JsonObject { ["Data"] = restored }.ToJsonString());
        (await BerthAsync("restore", "--config", other, "--from", backup)).Succeeded();
        (await BerthAsync("storage", "verify", "--config", other)).Succeeded();
        (await BerthAsync("storage", "recount", "--config", other)).Succeeded();
        Assert.Contains("Metadata:Kind is Sqlite", (await BerthAsync("restore", "--mark", "--config", other)).Errors, StringComparison.Ordinal);
        await using var server = new ServerProcess(BuiltProgram.Server!, "restored", data: restored);
        await server.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(server.Endpoint);
        (await client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(image.Bytes);
    }

    [Fact]
    public async Task A_damaged_blob_is_named_and_absent_until_a_push_heals_it()
    {
        var bytes = Content.Random(50_000);
        var digest = Content.Digest(bytes);
        (await Client.SendBlobAsync(Repo, bytes, digest, PushStyle.Post)).Expect(201);
        var data = Fixture.Server.Data;
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        var file = FileOf(bytes);
        await using (var stream = File.OpenWrite(file)) stream.WriteByte((byte)(bytes[0] ^ 1));

        var dry = await BerthAsync("storage", "verify", "--data", data, "--dry-run");
        Assert.Equal(1, dry.Status);
        Assert.Contains(digest, dry.Output, StringComparison.Ordinal);
        var marking = await BerthAsync("storage", "verify", "--data", data);
        Assert.Equal(1, marking.Status);
        Assert.Contains(digest, marking.Output, StringComparison.Ordinal);

        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        (await Client.GetAsync($"/v2/{Repo}/blobs/{digest}")).ExpectError(404, "BLOB_UNKNOWN");
        (await Client.SendBlobAsync(Repo, bytes, digest, PushStyle.Post)).Expect(201);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{digest}")).Expect(200).ExpectBody(bytes);
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await BerthAsync("storage", "verify", "--data", data, "--repair")).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_image_whose_layer_is_lost_is_named_as_incomplete_and_a_dry_run_leaves_it_at_that()
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(40_000));
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var image = await Client.PushAsync(Repo, ManifestContent.Image(config, [layer]), "latest");
        var data = Fixture.Server.Data;
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        var file = FileOf(layer.Bytes);
        var kept = $"{file}.kept";
        File.Move(file, kept);
        var before = StoredFiles();

        var dry = await BerthAsync("storage", "verify", "--data", data, "--dry-run");
        AssertNamed(dry);
        foreach (var step in (string[])["blobs", "manifests", "locations"]) Assert.Contains($"verifying {step}: 100 %", dry.Errors, StringComparison.Ordinal);
        Assert.Equal(before, StoredFiles());
        File.Move(kept, file);
        (await BerthAsync("storage", "verify", "--data", data)).Succeeded();

        File.Delete(file);
        AssertNamed(await BerthAsync("storage", "verify", "--data", data));

        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        (await Client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).ExpectError(404, "BLOB_UNKNOWN");
        await Client.PushAsync(Repo, layer);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Expect(200).ExpectBody(layer.Bytes);
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await BerthAsync("storage", "verify", "--data", data)).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));

        void AssertNamed(ToolResult result)
        {
            Assert.True(result.Status == 1, result.ToString());
            Assert.Contains($"damaged: {layer.Digest} ", result.Output, StringComparison.Ordinal);
            Assert.Contains($"incomplete: local/{Repo}@{image.Digest} names {layer.Digest}", result.Output, StringComparison.Ordinal);
            Assert.Contains("1 damaged, 1 manifest entries missing, 0 faults in the metadata", result.Output, StringComparison.Ordinal);
        }

        List<(string, long)> StoredFiles() =>
        [
            .. new DirectoryInfo(Path.Combine(data, "store")).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => (f.FullName, f.Length)).OrderBy(f => f.FullName, StringComparer.Ordinal),
        ];
    }

    [Fact]
    public async Task A_backup_names_a_lost_blob_and_has_all_else_and_the_blob_is_absent_after_a_restore_until_it_is_pushed()
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(40_000));
        var whole = await Client.PushImageAsync(Repo, "whole");
        var (backup, again, restored) = (NewFolder("backup"), NewFolder("again"), NewFolder("restored"));
        File.Delete(FileOf(layer.Bytes));

        var made = await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup);
        Assert.True(made.Status == 3, made.ToString());
        Assert.Contains($"lost: {layer.Digest} ", made.Output, StringComparison.Ordinal);
        var listed = await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", again, "--output", "json");
        Assert.True(listed.Status == 3, listed.ToString());
        Assert.Equal([layer.Digest], JsonNode.Parse(listed.Output)!["lost"]!.AsArray().Select(n => n!.GetValue<string>()));

        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        await using var server = new ServerProcess(BuiltProgram.Server!, "restored", data: restored);
        await server.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(server.Endpoint);
        (await client.GetManifestAsync(Repo, "whole")).Expect(200).ExpectBody(whole.Bytes);
        (await client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).ExpectError(404, "BLOB_UNKNOWN");
        await client.PushAsync(Repo, layer);
        (await client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Expect(200).ExpectBody(layer.Bytes);

        await Client.PushAsync(Repo, layer);
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
    }

    [Fact]
    public async Task A_backup_of_a_store_that_does_not_answer_fails_and_loses_nothing()
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(40_000));
        var (file, identity) = (FileOf(layer.Bytes), Path.Combine(Fixture.Server.Data, "store", "identity"));
        var backup = NewFolder("backup");

        // A link to itself cannot be opened, which says nothing about the file.
        File.Move(file, $"{file}.kept");
        File.CreateSymbolicLink(file, file);
        var failed = await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup);
        Assert.True(failed.Status == 1, failed.ToString());
        Assert.Contains("The backup is not finished", failed.Errors, StringComparison.Ordinal);

        // Nor do files that are gone together with the store's identity.
        File.Delete(file);
        File.Move(identity, $"{identity}.kept");
        failed = await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup);
        Assert.True(failed.Status is 1 or 2, failed.ToString());
        Assert.False(File.Exists(Path.Combine(backup, "metadata", "berth.db")));

        File.Move($"{identity}.kept", identity);
        File.Move($"{file}.kept", file);
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
    }

    [Fact]
    public async Task Commands_that_write_refuse_a_folder_that_is_served_and_name_who_serves_it()
    {
        var refused = await BerthAsync("storage", "verify", "--data", Fixture.Server.Data);
        Assert.Equal(2, refused.Status);
        Assert.Contains($"{Fixture.Server.Id}", refused.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("storage", "verify", "--data")]
    [InlineData("backup", "--to", "/nonexistent-target", "--data")]
    [InlineData("restore", "--data", "/nonexistent-data", "--from")]
    public async Task A_folder_without_an_installation_is_refused_in_one_sentence(params string[] arguments)
    {
        var result = await BerthAsync([.. arguments, NewFolder("empty")]);
        Assert.Equal(2, result.Status);
        Assert.Single(result.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_restore_never_touches_a_folder_that_holds_something()
    {
        var full = NewFolder("full");
        await File.WriteAllTextAsync(Path.Combine(full, "precious"), "yes");
        var backup = NewFolder("backup");
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();

        Assert.Equal(2, (await BerthAsync("restore", "--from", backup, "--data", full)).Status);
        Assert.Equal(2, (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", full)).Status);
        Assert.Equal("yes", await File.ReadAllTextAsync(Path.Combine(full, "precious")));
        Assert.Single(Directory.EnumerateFileSystemEntries(full));
    }

    [Fact]
    public async Task A_restore_that_cannot_go_on_says_why_in_one_sentence_and_goes_on_later()
    {
        await Client.PushImageAsync(Repo, "pushed");
        var (backup, restored) = (NewFolder("backup"), NewFolder("restored"));
        (await BerthAsync("backup", "--data", Fixture.Server.Data, "--to", backup)).Succeeded();
        var database = Path.Combine(backup, "metadata", "berth.db");
        File.Move(database, database + ".kept");
        await File.WriteAllBytesAsync(database, Content.Random(100_000));

        var failed = await BerthAsync("restore", "--from", backup, "--data", restored);
        Assert.Equal(1, failed.Status);
        Assert.StartsWith("berth: The restore is not finished", failed.Errors.Trim().Split('\n')[^1], StringComparison.Ordinal);

        File.Move(database + ".kept", database, overwrite: true);
        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        (await BerthAsync("storage", "verify", "--data", restored)).Succeeded();
    }

    private Task<ToolResult> BerthAsync(params string[] arguments) => Tool.RunAsync(BuiltProgram.Server!, arguments, Fixture.Folder, Fixture.ClientEnvironment);

    private string FileOf(byte[] bytes) =>
        Directory.EnumerateFiles(Path.Combine(Fixture.Server.Data, "store", "blobs"), "*", SearchOption.AllDirectories)
            .Single(f => new FileInfo(f).Length == bytes.Length && File.ReadAllBytes(f).AsSpan().SequenceEqual(bytes));

    private async Task PushUntilAsync(CancellationToken ending)
    {
        for (var i = 0; !ending.IsCancellationRequested && i < 2_000; i++) await Client.PushImageAsync($"{Repo}/load", $"t{i % 20}");
    }
}
