using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.Tests.FileSystem;

public sealed class IoLaneTests
{
    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Fact]
    public async Task Work_runs_on_threads_of_the_lane_and_its_waiters_on_the_pool()
    {
        using var lane = new IoLane("test", 2);
        var work = lane.RunAsync(0, static _ => Thread.CurrentThread.IsThreadPoolThread, Cancelled);
        var waiter = work.ContinueWith(static _ => Thread.CurrentThread.Name, Cancelled, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Assert.False(await work);
        Assert.NotEqual("berth-io-test", await waiter);
    }

    [Fact]
    public async Task No_more_run_at_once_than_the_limit_and_as_many_as_that()
    {
        using var lane = new IoLane("test", 3);
        using var open = new SemaphoreSlim(0);
        using var arrived = new SemaphoreSlim(0);
        var running = 0;
        var most = 0;
        var work = Enumerable.Range(0, 20).Select(_ => lane.RunAsync(0, _ =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            arrived.Release();
            open.Wait(Cancelled);
            Interlocked.Decrement(ref running);
            return 0;
        }, Cancelled)).ToList();
        for (var i = 0; i < 3; i++) Assert.True(await arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        open.Release(20);
        await Task.WhenAll(work);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_failure_is_the_callers()
    {
        using var lane = new IoLane("test", 1);
        await Assert.ThrowsAsync<FileOperationException>(
            () => lane.RunAsync<int, int>(0, static _ => throw new FileOperationException("x", null, Errno.Io), Cancelled));
        Assert.Equal(7, await lane.RunAsync(7, static n => n, Cancelled));
    }

    [Fact]
    public async Task Work_whose_caller_gave_up_before_it_began_is_not_done()
    {
        using var lane = new IoLane("test", 1);
        using var open = new SemaphoreSlim(0);
        using var source = new CancellationTokenSource();
        var first = lane.RunAsync(open, static gate => gate.Wait(), Cancelled);
        var done = false;
        var second = lane.RunAsync(0, _ => done = true, source.Token);
        await source.CancelAsync();
        open.Release();
        await first;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(done);
    }

    [Fact]
    public async Task A_lane_that_ends_finishes_what_it_took_and_takes_no_more()
    {
        var lane = new IoLane("test", 1);
        using var open = new SemaphoreSlim(0);
        var first = lane.RunAsync(open, static gate => gate.Wait(), Cancelled);
        var second = lane.RunAsync(1, static n => n, Cancelled);
        lane.Dispose();
        open.Release();
        await first;
        Assert.Equal(1, await second);
        Assert.Throws<ObjectDisposedException>(() => { _ = lane.RunAsync(1, static n => n, Cancelled); });
    }

    [Fact]
    public async Task Many_callers_all_get_their_own_answer()
    {
        using var lane = new IoLane("test", 4);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5_000).Select(n => lane.RunAsync(n, static n => n, Cancelled)));
        Assert.Equal(Enumerable.Range(0, 5_000), answers);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
