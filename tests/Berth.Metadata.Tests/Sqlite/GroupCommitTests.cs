using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite.Engine;
using Berth.Metadata.Tests.Sqlite.Faults;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class GroupCommitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operations_that_wait_together_share_one_commit()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var rig = new WriterRig(folder.Options, checkpointing: false);
        await rig.InsertAsync("first");
        using var gate = await rig.HoldAsync();
        var waiting = Enumerable.Range(0, 50).Select(i => rig.InsertAsync($"{i}")).ToList();
        var syncs = Syncs(volume);

        await gate.OpenAsync();
        await Task.WhenAll(waiting);

        Assert.InRange(Syncs(volume) - syncs, 1, 2);
        Assert.Equal(51, rig.Read().Count);
    }

    [Fact]
    public async Task A_single_operation_commits_at_once_with_one_sync()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var rig = new WriterRig(folder.Options, checkpointing: false);
        await rig.InsertAsync("first");
        var syncs = Syncs(volume);

        for (var i = 0; i < 5; i++) await rig.InsertAsync($"{i}");

        Assert.Equal(5, Syncs(volume) - syncs);
    }

    [Fact]
    public async Task Nothing_is_answered_before_the_commit_is_durable()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var rig = new WriterRig(folder.Options, checkpointing: false);
        await rig.InsertAsync("first");
        volume.FailSyncs();

        var error = await Assert.ThrowsAsync<MetadataUnavailableException>(() => rig.InsertAsync("second"));

        Assert.Contains("restarted", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operation_that_fails_takes_only_itself_back()
    {
        await using var folder = new StoreFolder();
        await using var rig = new WriterRig(folder.Options);
        using var gate = await rig.HoldAsync();
        var before = rig.InsertAsync("before");
        var failing = rig.Writer.RunAsync<bool>(
            scope =>
            {
                scope.Use(WriterRig.Insert).Bind("half").Bind(new byte[5]).Execute();
                throw new InvalidDataException("no");
            },
            Urgency.Push, 1, Token);
        var duplicate = rig.InsertAsync("before");
        var after = rig.InsertAsync("after");

        await gate.OpenAsync();

        Assert.True(await before);
        await Assert.ThrowsAsync<InvalidDataException>(() => failing);
        await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(() => duplicate);
        Assert.True(await after);
        Assert.Equal(["after", "before"], rig.Read());
    }

    [Fact]
    public async Task An_operation_that_fills_the_volume_takes_only_itself_back()
    {
        await using var folder = new StoreFolder();
        await using var rig = new WriterRig(folder.Options);
        await rig.InsertAsync("first");
        var pages = int.Parse((await rig.PragmaAsync("PRAGMA page_count"))!, System.Globalization.CultureInfo.InvariantCulture);
        await rig.PragmaAsync($"PRAGMA max_page_count = {pages + 20}");
        using var gate = await rig.HoldAsync();
        var before = Enumerable.Range(0, 5).Select(i => rig.InsertAsync($"before {i}")).ToList();
        var huge = rig.InsertAsync("huge", bytes: 1_000_000);
        var after = Enumerable.Range(0, 5).Select(i => rig.InsertAsync($"after {i}")).ToList();

        await gate.OpenAsync();

        await Assert.ThrowsAsync<MetadataFullException>(() => huge);
        await Task.WhenAll([.. before, .. after]);
        Assert.Equal(11, rig.Read().Count);
        Assert.False(rig.Writer.Faulted.IsCompleted);
    }

    [Fact]
    public async Task A_group_too_large_for_what_room_is_left_succeeds_one_by_one_as_far_as_it_goes()
    {
        await using var folder = new StoreFolder();
        await using var rig = new WriterRig(folder.Options);
        await rig.InsertAsync("first");
        var pages = int.Parse((await rig.PragmaAsync("PRAGMA page_count"))!, System.Globalization.CultureInfo.InvariantCulture);
        await rig.PragmaAsync($"PRAGMA max_page_count = {pages + 30}");
        using var gate = await rig.HoldAsync();
        var waiting = Enumerable.Range(0, 20).Select(i => rig.InsertAsync($"{i:d2}", bytes: 15_000)).ToList();

        await gate.OpenAsync();
        var results = await Task.WhenAll(waiting.Select(async task =>
        {
            try
            {
                return await task;
            }
            catch (MetadataFullException)
            {
                return false;
            }
        }));

        Assert.InRange(results.Count(stored => stored), 4, 8);
        Assert.Equal(results.Count(stored => stored) + 1, rig.Read().Count);
        Assert.Equal(Enumerable.Range(0, 20).Where(i => results[i]).Select(i => $"{i:d2}"), rig.Read().Where(name => name != "first"));
    }

    [Fact]
    public async Task The_volume_may_run_full_at_any_write_and_what_was_acknowledged_stands()
    {
        for (var room = 0; room < 40; room++)
        {
            await using var folder = new StoreFolder();
            var volume = folder.Volume;
            var stored = new List<string>();
            await using (var rig = new WriterRig(folder.Options, checkpointing: false))
            {
                await rig.InsertAsync("first");
                stored.Add("first");
                volume.RunFullAfter(room);
                using var gate = await rig.HoldAsync();
                var waiting = Enumerable.Range(0, 6).Select(i => (Name: $"{i}", Task: rig.InsertAsync($"{i}", bytes: 9_000))).ToList();
                await gate.OpenAsync();
                foreach (var (name, task) in waiting)
                {
                    try
                    {
                        await task;
                        stored.Add(name);
                    }
                    catch (MetadataFullException)
                    {
                        Assert.DoesNotContain(name, rig.Read());
                    }
                }

                Assert.Equal(stored.Order(), rig.Read());
                volume.MakeRoom();
                await rig.InsertAsync("with room again");
                stored.Add("with room again");
            }

            await using var reopened = new WriterRig(folder.Options);
            Assert.Equal(stored.Order(StringComparer.Ordinal), reopened.Read());
        }
    }

    [Fact]
    public async Task After_a_failed_sync_nothing_is_taken_any_more_and_the_fault_is_told()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var rig = new WriterRig(folder.Options, checkpointing: false);
        await rig.InsertAsync("first");
        using var gate = await rig.HoldAsync();
        var waiting = Enumerable.Range(0, 5).Select(i => rig.InsertAsync($"{i}")).ToList();
        volume.FailSyncs();

        await gate.OpenAsync().ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);

        foreach (var task in waiting) await Assert.ThrowsAsync<MetadataUnavailableException>(() => task);
        Assert.IsType<Microsoft.Data.Sqlite.SqliteException>(await rig.Writer.Faulted);
        Assert.False(rig.Writer.IsHealthy);
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => rig.InsertAsync("later"));
    }

    [Fact]
    public async Task A_sync_that_fails_while_an_operation_still_runs_is_a_fault_too()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var rig = new WriterRig(folder.Options with { WriterCacheBytes = 64 * 1024 }, checkpointing: false);
        await rig.InsertAsync("first");
        // The log begins anew, and its first pages are those that no longer fit into the cache: their sync comes in the middle of a statement.
        using (var session = SessionPragmas.OpenCheckpointer(folder.Options)) Assert.True(session.Checkpoint(SQLitePCL.raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _));
        using var gate = await rig.HoldAsync();
        var before = rig.InsertAsync("before");
        var spilling = rig.InsertAsync("spilling", bytes: 1_000_000);
        var after = rig.InsertAsync("after");
        volume.FailSyncs();

        await gate.OpenAsync().ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);

        foreach (var task in new[] { before, spilling, after })
        {
            var error = await Assert.ThrowsAsync<MetadataUnavailableException>(() => task);
            Assert.Contains("restarted", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(SQLitePCL.raw.SQLITE_IOERR_FSYNC, Assert.IsType<Microsoft.Data.Sqlite.SqliteException>(await rig.Writer.Faulted).SqliteExtendedErrorCode);
        volume.MendSyncs();
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => rig.InsertAsync("later"));
        Assert.Equal(["first"], rig.Read());
    }

    [Fact]
    public async Task An_operation_can_be_given_up_while_it_waits_but_not_once_it_runs()
    {
        await using var folder = new StoreFolder();
        await using var rig = new WriterRig(folder.Options);
        using var gate = await rig.HoldAsync();
        using var cancellation = new CancellationTokenSource();
        var given = rig.InsertAsync("given up", cancellation: cancellation.Token);
        var kept = rig.InsertAsync("kept");

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        await gate.OpenAsync();
        await kept;

        Assert.Equal(["kept"], rig.Read());
    }

    [Fact]
    public async Task A_full_queue_refuses_and_forgets_what_it_refused()
    {
        await using var folder = new StoreFolder();
        await using var rig = new WriterRig(folder.Options with { QueuedOperations = 3, QueuedBytes = 1000 });
        using var gate = await rig.HoldAsync();
        var taken = new List<Task> { rig.InsertAsync("a"), rig.InsertAsync("b") };

        await Assert.ThrowsAsync<MetadataUnavailableException>(() => rig.InsertAsync("heavy", weight: 900));
        taken.Add(rig.InsertAsync("c"));
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => rig.InsertAsync("d"));
        await gate.OpenAsync();
        await Task.WhenAll(taken);

        Assert.Equal(["a", "b", "c"], rig.Read());
        await rig.InsertAsync("heavy", weight: 900);
    }

    [Fact]
    public async Task A_group_is_bounded_by_count_and_by_bytes()
    {
        foreach (var (operations, bytes, groups) in new[] { (4, 1_000_000L, 5), (1000, 300L, 7) })
        {
            await using var folder = new StoreFolder();
            var volume = folder.Volume;
            await using var rig = new WriterRig(
                folder.Options with { GroupOperations = operations, GroupBytes = bytes, GroupTime = TimeSpan.FromMinutes(1) }, checkpointing: false);
            await rig.InsertAsync("first");
            using var gate = await rig.HoldAsync();
            var waiting = Enumerable.Range(0, 20).Select(i => rig.InsertAsync($"{i}")).ToList();
            var syncs = Syncs(volume);

            await gate.OpenAsync();
            await Task.WhenAll(waiting);

            // The gate's own group takes some of them along.
            Assert.InRange(Syncs(volume) - syncs, groups, groups + 1);
        }
    }

    [Fact]
    public async Task Closing_finishes_what_waits()
    {
        await using var folder = new StoreFolder();
        var rig = new WriterRig(folder.Options);
        using var gate = await rig.HoldAsync();
        var waiting = Enumerable.Range(0, 20).Select(i => rig.InsertAsync($"{i:d2}")).ToList();
        var closing = rig.DisposeAsync();

        await gate.OpenAsync();
        await closing;

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => rig.InsertAsync("late"));
        await using var reopened = new WriterRig(folder.Options);
        Assert.Equal(20, reopened.Read().Count);
    }

    private static int Syncs(FaultyVolume volume) =>
        volume.Events.Count(happened => happened.Kind == FileEventKind.Sync && happened.File.EndsWith("-wal", StringComparison.Ordinal));
}
