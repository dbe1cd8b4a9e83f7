using System.Diagnostics;
using System.Text;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>An update from data that earlier versions of the program wrote (eng/record-data), and the way back.</summary>
public sealed class RecordedDataTests : IDisposable
{
    private static readonly string Recorded = Path.Combine(Repository.Root, "tests", "Berth.EndToEnd", "Deploy", "recorded");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-recorded-");

    /// <summary>The recordings, one for each schema that an installation may come from.</summary>
    public static TheoryData<string> Recordings => [.. Directory.EnumerateFiles(Recorded, "*.tgz").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private string Data => Path.Combine(_folder.FullName, "data");

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task Data_of_an_earlier_version_is_served_counted_and_collected(string recording)
    {
        var expected = await ExtractAsync(recording);
        await using (var server = Server(("BERTH_Lifecycle__Grace", "1h")))
        {
            await server.StartAsync(TimeSpan.FromSeconds(60));
            using var client = new RegistryClient(server.Endpoint);
            await ExpectAsync(client, expected);
            await client.PushImageAsync("team/app", "after");
            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(40)));
        }

        Assert.Contains("All figures of usage are right", (await BerthAsync("storage", "recount", "--data", Data)).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("0 damaged, 0 manifest entries missing, 0 faults in the metadata, 0 locations without a row", (await BerthAsync("storage", "verify", "--data", Data)).Succeeded().Output, StringComparison.Ordinal);

        // What the earlier version deleted is collected by this one; all else stays.
        await using (var server = Server(("BERTH_Lifecycle__Grace", "1s"), ("BERTH_Lifecycle__Interval", "1s")))
        {
            await server.StartAsync(TimeSpan.FromSeconds(60));
            using var client = new RegistryClient(server.Endpoint);
            foreach (var line in expected.Where(line => line[0] == "gone"))
                await UntilAsync(async () => (await client.GetAsync($"/v2/{line[1]}/blobs/{line[2]}")).Status == 404);
            await ExpectAsync(client, expected);
            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(40)));
        }

        Assert.Contains("All figures of usage are right", (await BerthAsync("storage", "recount", "--data", Data)).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_of_a_later_version_is_refused_and_the_backup_from_before_the_update_is_the_way_back()
    {
        var sqlite = Tool.Require("sqlite3");
        var expected = await ExtractAsync(Directory.EnumerateFiles(Recorded, "*.tgz").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal).Last());
        var backup = Path.Combine(_folder.FullName, "backup");
        (await BerthAsync("backup", "--data", Data, "--to", backup)).Succeeded();
        await using (var server = Server())
        {
            await server.StartAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(40)));
        }

        // A later version was here.
        (await Tool.RunAsync(
            sqlite, [Path.Combine(Data, "metadata", "berth.db"), "INSERT INTO migrations (number, name, checksum, applied_at) SELECT max(number) + 1, 'of-a-later-version.sql', 'x', 0 FROM migrations"], "/")).Succeeded();
        var refused = await BerthAsync("serve", "--data", Data, "--http", "127.0.0.1:0", "--https", "none");
        Assert.Equal(2, refused.Status);
        Assert.Contains("'of-a-later-version.sql'", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("restore the backup that was taken before the update", refused.Errors, StringComparison.Ordinal);

        var restored = Path.Combine(_folder.FullName, "restored");
        (await BerthAsync("restore", "--from", backup, "--data", restored)).Succeeded();
        await using var again = new ServerProcess(BuiltProgram.Server!, "rolled-back", data: restored);
        await again.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(again.Endpoint);
        await ExpectAsync(client, expected);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private ServerProcess Server(params (string Name, string Value)[] settings) =>
        new(BuiltProgram.Server!, "recorded", settings.ToDictionary(one => one.Name, one => one.Value), Data);

    private async Task<List<string[]>> ExtractAsync(string recording)
    {
        Assert.SkipWhen(ClusterStores.AreUsed, "This is about one process with its files.");
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        (await Tool.RunAsync(Tool.Require("tar"), ["--no-same-owner", "-xzf", Path.Combine(Recorded, recording)], _folder.FullName)).Succeeded();
        var lines = await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "expected"));
        return [.. lines.Select(line => line.Split(' '))];
    }

    private static async Task ExpectAsync(RegistryClient client, List<string[]> expected)
    {
        foreach (var line in expected)
        {
            if (line[0] == "manifest") Assert.Equal(line[3], Content.Digest((await client.GetManifestAsync(line[1], line[2])).Expect(200).Body));
            else if (line[0] == "blob") Assert.Equal(line[2], Content.Digest((await client.GetAsync($"/v2/{line[1]}/blobs/{line[2]}")).Expect(200).Body));
        }

        var subject = expected.Single(line => line is ["manifest", "other/app", "1.0", _])[3];
        Assert.Contains("application/vnd.example.note", Text(await client.GetAsync($"/v2/team/app/referrers/{subject}")), StringComparison.Ordinal);
        Assert.Contains("\"deleteEnabled\":false", Text(await client.GetAsync("/acr/v1/team/app/_tags/1.0")), StringComparison.Ordinal);
    }

    private static string Text(Reply reply) => Encoding.UTF8.GetString(reply.Expect(200).Body).Replace("\\u002B", "+", StringComparison.Ordinal);

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "It did not become so in a minute.");

            // An answer about a blob keeps it for another grace, of a second here.
            await Task.Delay(3000);
        }
    }

    private Task<ToolResult> BerthAsync(params string[] arguments) => Tool.RunAsync(BuiltProgram.Server!, arguments, _folder.FullName);
}
