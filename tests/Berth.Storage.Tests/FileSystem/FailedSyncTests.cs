using System.Buffers;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>An fsync that fails may have lost bytes that a second one says nothing about: it is never tried again.</summary>
public sealed class FailedSyncTests
{
    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Theory]
    [InlineData(Operation.Sync, Errno.Io)]
    [InlineData(Operation.SyncDirectory, Errno.Io)]
    [InlineData(Operation.Sync, Errno.Stale)]
    public async Task A_failed_fsync_ends_the_writer_and_is_not_tried_again(Operation kind, int errno)
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files);
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>("bytes"u8.ToArray()), Cancelled);
        var failing = files.CountOf(kind) + 1;
        files.Fault = (operation, count) => operation == kind && count == failing ? errno : 0;

        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
        var (files1, folders1) = (files.CountOf(Operation.Sync), files.CountOf(Operation.SyncDirectory));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>("more"u8.ToArray()), Cancelled));
        Assert.Equal((files1, folders1), (files.CountOf(Operation.Sync), files.CountOf(Operation.SyncDirectory)));
    }

    [Fact]
    public async Task An_upload_whose_fsync_failed_goes_on_where_the_last_one_succeeded()
    {
        for (var n = 1; n <= 4; n++)
        {
            using var folder = new StoreFolder();
            var files = new FaultyFileOperations(PosixFileOperations.Instance);
            await using var store = await folder.OpenAsync(files);
            var content = StoreFolder.Content(4_000);
            var location = store.NewLocation();
            var failing = files.CountOf(Operation.Sync) + n;
            files.Fault = (operation, count) => operation == Operation.Sync && count == failing ? Errno.Io : 0;
            var synced = 0;
            await Assert.ThrowsAsync<StorageUnavailableException>(async () =>
            {
                await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
                for (; synced < content.Length; synced += 1_000)
                {
                    await writer.WriteAsync(new ReadOnlySequence<byte>(content, synced, 1_000), Cancelled);
                    await writer.SyncAsync(Cancelled);
                }
            });

            await using (var writer = await store.AppendAsync(location, synced, 0, Cancelled))
            {
                await writer.WriteAsync(new ReadOnlySequence<byte>(content, synced, content.Length - synced), Cancelled);
                await writer.SyncAsync(Cancelled);
            }

            Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
        }
    }

    [Fact]
    public async Task A_failure_that_early_writeback_meets_is_not_lost()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files, direct: new DirectIo(after: long.MaxValue, 4096, 2, 1, syncEvery: long.MaxValue));
        files.Fault = static (operation, count) => operation == Operation.Writeback && count == 1 ? Errno.Io : 0;
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        var chunk = new ReadOnlySequence<byte>(new byte[1 << 20]);
        await Assert.ThrowsAsync<StorageUnavailableException>(async () =>
        {
            for (var i = 0; i < 40; i++) await writer.WriteAsync(chunk, Cancelled);
            await writer.SyncAsync(Cancelled);
        });
        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
    }

    [Fact]
    public async Task A_failure_of_writeback_that_nobody_syncs_ends_with_the_writer()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files, direct: new DirectIo(after: long.MaxValue, 4096, 2, 1, syncEvery: long.MaxValue));
        files.Fault = static (operation, _) => operation == Operation.Writeback ? Errno.Io : 0;
        var location = store.NewLocation();
        var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        for (var i = 0; i < 17; i++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[1 << 20]), Cancelled);
        await writer.DisposeAsync();
        await using var again = await store.AppendAsync(location, 0, 0, Cancelled);
    }

    [Fact]
    public async Task An_entry_made_before_its_folder_failed_is_not_trusted_by_a_later_fsync()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files);
        await using var first = await store.AppendAsync($"ab/ab{new string('1', 30)}", 0, 0, Cancelled);
        await using var second = await store.AppendAsync($"ab/ab{new string('2', 30)}", 0, 0, Cancelled);
        var failing = files.CountOf(Operation.SyncDirectory) + 1;
        files.Fault = (operation, count) => operation == Operation.SyncDirectory && count == failing ? Errno.Io : 0;

        await Assert.ThrowsAsync<StorageUnavailableException>(() => first.SyncAsync(Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => second.SyncAsync(Cancelled));
        await using var third = await store.AppendAsync($"ab/ab{new string('3', 30)}", 0, 0, Cancelled);
        await third.SyncAsync(Cancelled);
    }
}
