using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>Copies of a database, and what becomes of one in the making.</summary>
public sealed class SnapshotTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_is_one_moment_with_what_is_only_in_the_log_so_far()
    {
        await using var folder = new StoreFolder();
        var store = await folder.OpenAsync(options => options with { CheckpointInterval = TimeSpan.FromHours(1) });
        var blob = await folder.PushBlobAsync(store, "in the log");
        Assert.True(new FileInfo(folder.DatabasePath + "-wal").Length > 0);

        var path = Path.Combine(folder.Folder, "copy.db");
        await SqliteSnapshot.CopyAsync(folder.Options, path, Token);
        await folder.PushBlobAsync(store, "too late");

        Assert.Equal(["copy.db"], Directory.EnumerateFiles(folder.Folder, "copy*").Select(Path.GetFileName));
        await using var copy = await folder.OpenAsync(options => options with { Path = path });
        Assert.Empty(await copy.CheckAsync(Token));
        Assert.Equal([blob.Digest], (await copy.WalkBlobsAsync(default, 10, Token)).Select(b => b.Digest));
    }

    [Fact]
    public async Task A_cancelled_copy_leaves_nothing()
    {
        await using var folder = new StoreFolder();
        await folder.OpenAsync();
        var path = Path.Combine(folder.Folder, "copy.db");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SqliteSnapshot.CopyAsync(folder.Options, path, new CancellationToken(canceled: true)));

        Assert.Empty(Directory.EnumerateFiles(folder.Folder, "copy*"));
    }

    [Fact]
    public async Task A_draft_begins_anew_over_what_an_ended_attempt_left()
    {
        await using var folder = new StoreFolder();
        await (await folder.OpenAsync()).DisposeAsync();
        var draft = new SqliteDraft(Path.Combine(folder.Folder, "draft.db"));
        Assert.False(draft.Exists);
        foreach (var left in (string[])["", "-wal", "-shm", ".0123.partial", ".0123.partial-journal"]) await File.WriteAllTextAsync(draft.Path + left, "left", Token);

        draft.Begin();

        Assert.True(draft.Exists);
        Assert.Equal(["berth.db", "draft.db"], Directory.EnumerateFiles(folder.Folder).Select(Path.GetFileName).Order());
        await draft.FillAsync(folder.Options, Token);
        await using var copy = await folder.OpenAsync(options => options with { Path = draft.Path });
        Assert.Empty(await copy.CheckAsync(Token));
    }

    // The log that a process left which was killed: the old database is whole with it alone, and it is no part of the new one.
    [Fact]
    public async Task A_draft_takes_the_name_of_a_database_that_has_a_log_and_each_is_whole_until_then()
    {
        await using var folder = new StoreFolder();
        var source = await folder.OpenAsync();
        var draft = new SqliteDraft(Path.Combine(folder.Folder, "draft.db"));
        draft.Begin();
        await draft.FillAsync(folder.Options, Token);
        var old = await LeaveWithLogAsync(folder, source, "old.db", "old blob");
        await using (var rows = await folder.OpenAsync(options => options with { Path = draft.Path })) await folder.PushBlobAsync(rows, "new blob");

        var before = new Look(async () => Assert.Equal(["old blob"], await BlobsAsync(folder, old)));
        await draft.PublishAsync(old, before);

        Assert.True(before.Happened);
        Assert.False(draft.Exists);
        Assert.Equal(["new blob"], await BlobsAsync(folder, old));
    }

    // Copied while it is open, as a kill would leave it.
    private static async Task<string> LeaveWithLogAsync(StoreFolder folder, RelationalMetadataStore source, string name, string blob)
    {
        var open = Path.Combine(folder.Folder, "open.db");
        await SqliteSnapshot.CopyAsync(folder.Options, open, Token);
        await using var store = await folder.OpenAsync(options => options with { Path = open, CheckpointInterval = TimeSpan.FromHours(1) });
        await folder.PushBlobAsync(store, blob);
        var path = Path.Combine(folder.Folder, name);
        File.Copy(open, path);
        File.Copy(open + "-wal", path + "-wal");
        Assert.True(new FileInfo(path + "-wal").Length > 0);
        return path;
    }

    // From a copy, so that looking changes nothing.
    private static async Task<IEnumerable<string>> BlobsAsync(StoreFolder folder, string database)
    {
        var look = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Folder, Guid.NewGuid().ToString("N"))).FullName, "look.db");
        foreach (var suffix in (string[])["", "-wal"])
        {
            if (File.Exists(database + suffix)) File.Copy(database + suffix, look + suffix);
        }

        await using var store = await folder.OpenAsync(options => options with { Path = look });
        Assert.Empty(await store.CheckAsync(Token));
        var all = await store.WalkBlobsAsync(default, 10, Token);
        return ((string[])["old blob", "new blob"]).Where(name => all.Any(b => b.Digest == StoreFolder.Describe(name).Digest));
    }

    private sealed class Look(Func<Task> body) : ISteps
    {
        public bool Happened { get; private set; }

        public async ValueTask ReachAsync(string point)
        {
            Assert.Equal(SqliteDraft.BeforePublish, point);
            await body();
            Happened = true;
        }
    }
}
