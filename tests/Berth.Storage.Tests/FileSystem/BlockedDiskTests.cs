using System.Buffers;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>A disk that does not answer holds up threads of the store's own, never those that answer requests.</summary>
public sealed class BlockedDiskTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly FaultyFileOperations _files = new(PosixFileOperations.Instance);
    private readonly SemaphoreSlim _open = new(0);
    private readonly SemaphoreSlim _arrived = new(0);

    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    public void Dispose()
    {
        _open.Release(1000);
        _folder.Dispose();
        _open.Dispose();
        _arrived.Dispose();
    }

    [Fact]
    public async Task Nothing_that_waits_for_the_disk_runs_on_the_pool()
    {
        await using var store = await _folder.OpenAsync(_files, reserve: 1 << 20);
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(20 << 20));
        await using (await store.AppendAsync(location, 5, 0, Cancelled))
        {
        }

        await store.DeleteAsync(location, Cancelled);
        await store.Reserve.ReleaseAsync("a test", Cancelled);
        Assert.True(await store.TryTakeReserveBackAsync(Cancelled));
        Assert.Empty(_files.OnPoolThreads);
    }

    [Fact]
    public async Task Many_fsyncs_wait_for_the_disk_at_once()
    {
        await using var store = await _folder.OpenAsync(_files);
        Hold(Operation.Sync);
        var pushes = Enumerable.Range(0, 24).Select(_ => StoreFolder.PutAsync(store, StoreFolder.Content(10))).ToList();
        for (var i = 0; i < 16; i++) Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled), $"Only {i} wait.");
        _open.Release(100);
        await Task.WhenAll(pushes);
    }

    [Fact]
    public async Task Once_a_write_stalled_the_next_ones_leave_the_pool_alone()
    {
        var threads = new ThreadNotingFileOperations { Stall = TimeSpan.FromMilliseconds(60) };
        await using var store = await _folder.OpenAsync(threads);
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        threads.Writes.Clear();
        for (var i = 0; i < 3; i++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[10]), Cancelled);
        Assert.Equal([true, false, false], threads.Writes);

        threads.Stall = TimeSpan.Zero;
        await Task.Delay(1_200, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[10]), Cancelled);
        Assert.True(threads.Writes[^1]);
    }

    [Fact]
    public async Task A_newcomer_waits_for_the_write_that_hangs_before_it()
    {
        await using var store = await _folder.OpenAsync(_files);
        var location = store.NewLocation();
        var (first, late) = await HangAsync(store, location);

        // One newcomer that gives up waiting does not open the door to the next.
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var impatient = store.AppendAsync(location, 0, 0, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        var second = store.AppendAsync(location, 0, 0, Cancelled);
        await Task.Delay(50, Cancelled);
        Assert.False(second.IsCompleted);

        _files.Fault = static (_, _) => 0;
        _open.Release(100);
        await late;
        await using var writer = await second;
        await writer.WriteAsync(new ReadOnlySequence<byte>("second"u8.ToArray()), Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await first.WriteAsync(new ReadOnlySequence<byte>("x"u8.ToArray()), Cancelled));
        await writer.SyncAsync(Cancelled);
        await first.DisposeAsync();
        Assert.Equal("second"u8.ToArray(), await StoreFolder.GetAsync(store, location, 6));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Writers_that_wait_for_one_that_hangs_do_not_make_the_file_anew_after_its_removal(int waiting)
    {
        await using var store = await _folder.OpenAsync(_files);
        var location = store.NewLocation();
        var (first, late) = await HangAsync(store, location);
        var newcomers = Enumerable.Range(0, waiting).Select(_ => store.AppendAsync(location, 0, 0, Cancelled)).ToList();

        // The removal does not wait for the disk to come back.
        _files.Fault = static (_, _) => 0;
        await store.DeleteAsync(location, Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        _open.Release(100);
        await late;

        foreach (var newcomer in newcomers) await Assert.ThrowsAnyAsync<IOException>(() => newcomer);
        await first.DisposeAsync();
        Assert.False(File.Exists(_folder.FileOf(location)));
    }

    [Fact]
    public async Task A_removal_waits_for_the_file_that_is_being_made()
    {
        await using var store = await _folder.OpenAsync(_files);
        var location = store.NewLocation();
        Hold(Operation.Create);
        var opening = store.AppendAsync(location, 0, 0, Cancelled);
        Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));

        var removal = store.DeleteAsync(location, Cancelled);
        _open.Release(100);
        await using (await opening)
        {
            await removal;
        }

        Assert.False(File.Exists(_folder.FileOf(location)));
    }

    [Fact]
    public async Task Two_calls_at_once_on_one_writer_are_refused()
    {
        await using var store = await _folder.OpenAsync(_files);
        var (writer, hanging) = await HangAsync(store, store.NewLocation());
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.SyncAsync(Cancelled));
        _open.Release(100);
        await hanging;
        await writer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writer.SyncAsync(Cancelled));
    }

    private void Hold(Operation kind) => _files.Fault = (operation, _) =>
    {
        if (operation != kind) return 0;
        _arrived.Release();
        _open.Wait(Cancelled);
        return 0;
    };

    private async Task<(IBlobWriter Writer, Task Hanging)> HangAsync(FileSystemBlobStore store, string location)
    {
        var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        Hold(Operation.Write);
        var hanging = Task.Run(async () => await writer.WriteAsync(new ReadOnlySequence<byte>("first, and hanging"u8.ToArray()), Cancelled), Cancelled);
        Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        return (writer, hanging);
    }

    // Notes of each write whether it ran on the caller's thread, and takes its time.
    private sealed class ThreadNotingFileOperations() : DelegatingFileOperations(PosixFileOperations.Instance)
    {
        public List<bool> Writes { get; } = [];

        public TimeSpan Stall { get; set; }

        public override void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
        {
            Writes.Add(Thread.CurrentThread.Name?.StartsWith("berth-io", StringComparison.Ordinal) != true);
            Thread.Sleep(Stall);
            base.Write(file, bytes, offset);
        }
    }
}
