using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Metadata;

/// <summary>Copies of the database's file.</summary>
public sealed class SqliteSnapshots : MetadataSuite<SqliteDatabase>
{
    [Fact]
    public async Task A_snapshot_taken_while_pushes_go_on_holds_every_push_acknowledged_before_it()
    {
        var folder = Directory.CreateTempSubdirectory("berth-snapshot-");
        try
        {
            var before = await PushImageAsync(App, "before", "before");
            using var stop = new CancellationTokenSource();
            var pushing = Task.Run(async () =>
            {
                for (var i = 0; !stop.IsCancellationRequested && i < 10_000; i++) await PushImageAsync(Other, $"during {i}", $"t{i}");
            });
            var path = Path.Combine(folder.FullName, "copy.db");
            await SqliteSnapshot.CopyAsync(Database.Options, path, Token);
            await stop.CancelAsync();
            await pushing;

            await using var copy = await SqliteMetadataStore.OpenAsync(
                new SqliteOptions { Path = path }, TimeProvider.System, NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);
            Assert.Equal(before.Bytes, (await copy.FindManifestAsync(Registry, App, Reference.To(Tag.Parse("before")), true, Token))!.Bytes);
            Assert.Empty(await copy.CheckAsync(Token));
            await Assert.ThrowsAsync<IOException>(() => SqliteSnapshot.CopyAsync(Database.Options, path, Token));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
