using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class WalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_over_its_limit_refuses_pushes_lets_deletions_through_and_recovers()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(options => options with
        {
            CheckpointPages = 8,
            CheckpointInterval = TimeSpan.FromMilliseconds(5),
            WalRestartBytes = 100_000,
            WalSlowBytes = 150_000,
            WalSlowdown = TimeSpan.FromMilliseconds(1),
            WalLimitBytes = 400_000,
        });
        var kept = StoreFolder.Manifest("kept", tags: "kept");
        await store.PutManifestAsync(kept, StoreFolder.Alice, Token);
        using (var reader = SessionPragmas.OpenReader(folder.Options))
        {
            // A reader that stays keeps the log from being begun anew.
            using var snapshot = reader.BeginRead();
            reader.Run("SELECT count(*) FROM tags");
            var refused = false;
            for (var i = 0; i < 2000 && !refused; i++)
            {
                try
                {
                    await store.PutManifestAsync(StoreFolder.Manifest($"{i} {new string('x', 20_000)}"), StoreFolder.Alice, Token);
                }
                catch (MetadataUnavailableException)
                {
                    refused = true;
                }
            }

            Assert.True(refused);
            Assert.Equal(DeleteOutcome.Deleted, (await store.DeleteTagAsync(1, StoreFolder.App, Tag.Parse("kept"), StoreFolder.Alice, Token)).Outcome);
            await store.TidyAsync(TimeSpan.FromDays(90), 100, Token);
        }

        var taken = false;
        for (var i = 0; i < 500 && !taken; i++)
        {
            try
            {
                await store.PutManifestAsync(kept, StoreFolder.Alice, Token);
                taken = true;
            }
            catch (MetadataUnavailableException)
            {
                await Task.Delay(20, Token);
            }
        }

        Assert.True(taken);
    }

    [Fact]
    public async Task An_idle_store_empties_its_log()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(
            options => options with { CheckpointInterval = TimeSpan.FromMilliseconds(5), IdleTime = TimeSpan.FromMilliseconds(20) });
        await store.PutManifestAsync(StoreFolder.Manifest("m"), StoreFolder.Alice, Token);

        var log = new FileInfo(folder.DatabasePath + "-wal");
        for (var i = 0; i < 500 && log.Length > 0; i++)
        {
            await Task.Delay(20, Token);
            log.Refresh();
        }

        Assert.Equal(0, log.Length);
    }

    [Fact]
    public async Task A_log_cut_anywhere_reopens_to_the_last_whole_group()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(options => options with { CheckpointInterval = TimeSpan.FromHours(1), IdleTime = TimeSpan.FromHours(1) });
        var log = new FileInfo(folder.DatabasePath + "-wal");
        var ends = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            await store.PutManifestAsync(StoreFolder.Manifest($"manifest {i}", tags: $"t{i:d2}"), StoreFolder.Alice, Token);
            log.Refresh();
            ends.Add(log.Length);
        }

        var database = await ReadAsync(folder.DatabasePath);
        var whole = await ReadAsync(log.FullName);
        var random = new Random(7);
        for (var cut = 0; cut < 60; cut++)
        {
            var length = cut < ends.Count ? ends[cut] : random.NextInt64(ends[0], whole.Length + 1);
            await using var after = new StoreFolder();
            await File.WriteAllBytesAsync(after.DatabasePath, database, Token);
            await File.WriteAllBytesAsync(after.DatabasePath + "-wal", [.. whole.AsSpan(0, (int)length), .. Garbage(random)], Token);

            await using var reopened = await after.OpenAsync();
            var tags = (await reopened.ListTagsAsync(1, StoreFolder.App, null, 100, Token))!.Items;

            Assert.Equal(Enumerable.Range(0, ends.Count(end => end <= length)).Select(i => $"t{i:d2}"), tags);
            Assert.Empty(await reopened.CheckAsync(Token));
        }
    }

    private static byte[] Garbage(Random random)
    {
        var garbage = new byte[random.Next(2) * random.Next(10_000)];
        random.NextBytes(garbage);
        return garbage;
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, Token);
        return bytes;
    }
}
