using System.Diagnostics;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>How long a group goes on taking operations, and what a long log does to the writer.</summary>
public sealed class WriterPaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(20, true)]
    [InlineData(60_000, false)]
    public async Task A_group_that_has_gone_on_for_its_time_is_committed_before_the_next_operation(int milliseconds, bool committed)
    {
        await using var folder = new StoreFolder();
        var time = TimeSpan.FromMilliseconds(milliseconds);
        await using var rig = new WriterRig(folder.Options with { GroupTime = time }, checkpointing: false);
        using var entered = new ManualResetEventSlim();
        using var opened = new ManualResetEventSlim();
        var slow = rig.Writer.RunAsync(
            scope =>
            {
                scope.Use(WriterRig.Insert).Bind("slow").Bind(new byte[10]).Execute();
                entered.Set();
                return opened.Wait(TimeSpan.FromSeconds(60));
            },
            Urgency.Push,
            100,
            Token);
        await Task.Run(() => entered.Wait(TimeSpan.FromSeconds(60)), Token);
        var next = rig.Writer.RunAsync(_ => rig.Read().Contains("slow"), Urgency.Push, 100, Token);

        if (committed) await Task.Delay(2 * time, Token);
        opened.Set();

        Assert.Equal(committed, await next.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.True(await slow);
    }

    [Fact]
    public async Task A_log_over_its_slow_size_holds_every_change_back_and_refuses_none()
    {
        var hold = TimeSpan.FromSeconds(1);
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(options => options with
        {
            CheckpointPages = int.MaxValue,
            CheckpointInterval = TimeSpan.FromMilliseconds(5),
            WalRestartBytes = long.MaxValue,
            IdleTime = TimeSpan.FromHours(1),
            WalSlowBytes = 1_000_000,
            WalSlowdown = hold,
        });

        await PushAsync(store, "kept", "kept");
        var log = new FileInfo(folder.DatabasePath + "-wal");
        var under = new List<TimeSpan>();
        while (log.Length <= 1_000_000)
        {
            under.Add(await TimeAsync(() => PushAsync(store, $"{under.Count} {new string('x', 20_000)}")));
            Assert.InRange(under.Count, 1, 100);
            log.Refresh();
        }

        Assert.Contains(under, time => time < hold);
        var looks = 0;
        while (await TimeAsync(() => PushAsync(store, $"over {looks}")) < hold) Assert.InRange(++looks, 1, 1_000);

        Assert.InRange(await TimeAsync(() => PushAsync(store, "one more")), hold, TimeSpan.FromMinutes(1));
        Assert.InRange(
            await TimeAsync(async () => Assert.Equal(DeleteOutcome.Deleted, (await store.DeleteTagAsync(1, StoreFolder.App, Tag.Parse("kept"), StoreFolder.Alice, Token)).Outcome)),
            hold,
            TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void The_log_slows_at_64_MiB_and_refuses_at_256_MiB_unless_told_otherwise()
    {
        var options = new SqliteOptions { Path = "berth.db" };
        Assert.Equal((64L << 20, 256L << 20), (options.WalSlowBytes, options.WalLimitBytes));
    }

    private static async Task PushAsync(RelationalMetadataStore store, string content, params string[] tags) =>
        Assert.NotNull(await store.PutManifestAsync(StoreFolder.Manifest(content, tags: tags), StoreFolder.Alice, Token));

    private static async Task<TimeSpan> TimeAsync(Func<Task> change)
    {
        var started = Stopwatch.GetTimestamp();
        await change();
        return Stopwatch.GetElapsedTime(started);
    }
}
