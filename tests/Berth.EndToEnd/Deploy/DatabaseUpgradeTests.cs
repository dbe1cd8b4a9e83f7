using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>Nodes on a database that a newer version has brought up to date.</summary>
public sealed class DatabaseUpgradeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-upgrade-");

    [Fact]
    public async Task Nodes_serve_beside_those_of_the_next_version_and_refuse_to_start_beside_those_of_the_one_after_it()
    {
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        await using var stores = await SharedStoresActions.MakeAsync();
        await using var standing = stores.Node("standing");
        await standing.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(standing.Endpoint);
        var image = await client.PushImageAsync("team/app", "1");

        // The next version's first node starts: it adds what this one does not know.
        await MigrateAsync(stores, "ALTER TABLE repositories ADD COLUMN of_the_next_version TEXT");
        await client.PushImageAsync("team/app", "2");
        await using (var back = stores.Node("back"))
        {
            await back.StartAsync(TimeSpan.FromSeconds(60));
            using var other = new RegistryClient(back.Endpoint);
            (await other.GetManifestAsync("team/app", "1")).Expect(200).ExpectBody(image.Bytes);
            await other.PushImageAsync("team/new", "1");
            Assert.Equal(0, await back.StopAsync(TimeSpan.FromSeconds(40)));
        }

        await MigrateAsync(stores, "ALTER TABLE repositories ADD COLUMN of_the_one_after TEXT");
        var refused = await Tool.RunAsync(
            BuiltProgram.Server!, ["serve", "--data", Path.Combine(_folder.FullName, "data"), "--http", "127.0.0.1:0", "--https", "none"], _folder.FullName, stores.OwnedSettings());
        Assert.Equal(2, refused.Status);
        Assert.Contains("more than one release beyond", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("restore the backup that was taken before the update", refused.Errors, StringComparison.Ordinal);
        (await client.GetManifestAsync("team/app", "2")).Expect(200);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task MigrateAsync(SharedStores stores, string change) => await stores.QueryAsync(
        $"{change}; INSERT INTO migrations (number, name, checksum, applied_at) SELECT max(number) + 1, 'later.sql', md5(random()::text), 0 FROM migrations");
}
