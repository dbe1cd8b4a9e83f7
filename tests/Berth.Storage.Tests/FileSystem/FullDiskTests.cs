using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>A volume that is full at any moment: the push fails clearly, the reserve is given free, and everything recovers.</summary>
public sealed class FullDiskTests
{
    private const int Chunk = 10_000;
    private const int Chunks = 6;
    private const long Reserve = 1 << 20;

    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Theory]
    [InlineData(Errno.NoSpace)]
    [InlineData(Errno.Quota)]
    public async Task A_write_that_finds_no_room_ends_the_push_and_nothing_else(int errno)
    {
        for (var n = 1; n <= Chunks; n++) await FillAtAsync(Operation.Write, n, errno);
    }

    [Fact]
    public async Task An_fsync_that_finds_no_room_ends_the_push_and_nothing_else()
    {
        for (var n = 1; n <= Chunks; n++) await FillAtAsync(Operation.Sync, n, Errno.NoSpace);
    }

    [Fact]
    public async Task A_file_that_cannot_be_made_for_lack_of_room_ends_the_push_and_nothing_else() =>
        await FillAtAsync(Operation.Create, 1, Errno.NoSpace);

    [Fact]
    public async Task What_was_written_before_the_volume_was_full_can_still_be_made_durable()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files, Reserve);
        var content = StoreFolder.Content(2 * Chunk);
        var location = store.NewLocation();
        await using (var writer = await store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 0, Chunk), Cancelled);
            files.Fault = static (operation, _) => operation == Operation.Write ? Errno.NoSpace : 0;
            await Assert.ThrowsAsync<StorageFullException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>(content, Chunk, Chunk), Cancelled));
            await Assert.ThrowsAsync<StorageFullException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>(content, Chunk, Chunk), Cancelled));
            Assert.Equal(Chunk, writer.Position);
            await writer.SyncAsync(Cancelled);
        }

        // The half of the write that had room is cut off again.
        Assert.Equal(content[..Chunk], await StoreFolder.GetAsync(store, location, Chunk));
    }

    [Fact]
    public async Task While_the_reserve_is_given_free_writers_at_work_stop_too()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(reserve: Reserve);
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>("begun"u8.ToArray()), Cancelled);
        await store.Reserve.ReleaseAsync("the database found the volume full", Cancelled);

        await Assert.ThrowsAsync<StorageFullException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>("more"u8.ToArray()), Cancelled));
        await Assert.ThrowsAsync<StorageFullException>(() => store.AppendAsync(store.NewLocation(), 0, 0, Cancelled));
        Assert.Equal(new StorageSpace(store.Space()!.Value.Total, 0, false), store.Space());
        Assert.True(await store.TryTakeReserveBackAsync(Cancelled));
        await writer.WriteAsync(new ReadOnlySequence<byte>("more"u8.ToArray()), Cancelled);
        await writer.SyncAsync(Cancelled);
        Assert.Equal(9, writer.Position);
    }

    [Fact]
    public async Task A_volume_that_does_not_say_how_full_it_is_does_not_answer()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files);
        files.Fault = static (operation, _) => operation == Operation.Space ? Errno.Io : 0;
        Assert.Throws<StorageUnavailableException>(() => store.Space());
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(store.NewLocation(), 0, 10, Cancelled));
        files.Fault = static (_, _) => 0;
        Assert.Equal(100, (await StoreFolder.GetAsync(store, await StoreFolder.PutAsync(store, new byte[100]), 100)).Length);
    }

    // A push in chunks, each synced; the n-th operation of the kind fails.
    private static async Task FillAtAsync(Operation kind, int n, int errno)
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files, Reserve);
        Assert.True(store.Reserve.IsHeld);
        var other = await StoreFolder.PutAsync(store, StoreFolder.Content(Chunk));
        var content = StoreFolder.Content(Chunk * Chunks);
        var location = store.NewLocation();
        var before = files.CountOf(kind);
        files.Fault = (operation, count) => operation == kind && count == before + n ? errno : 0;

        var synced = 0;
        await Assert.ThrowsAsync<StorageFullException>(async () =>
        {
            await using var writer = await store.AppendAsync(location, 0, content.Length, Cancelled);
            for (; synced < content.Length; synced += Chunk)
            {
                await writer.WriteAsync(new ReadOnlySequence<byte>(content, synced, Chunk), Cancelled);
                await writer.SyncAsync(Cancelled);
            }
        });
        Assert.Equal((n - 1) * Chunk, synced);

        // Pushes wait, pulls and deletions go on with the room that the reserve gave.
        Assert.False(store.Reserve.IsHeld);
        Assert.Equal(0, new FileInfo(folder.In("data", "storage", "reserve")).Length);
        await Assert.ThrowsAsync<StorageFullException>(() => store.AppendAsync(location, synced, 0, Cancelled));
        Assert.Equal(Chunk, (await StoreFolder.GetAsync(store, other, Chunk)).Length);
        await store.DeleteAsync(other, Cancelled);

        // Once the reserve is back the push goes on where it was acknowledged.
        Assert.True(await store.TryTakeReserveBackAsync(Cancelled));
        Assert.True(store.Space()!.Value.ReserveHeld);
        await using (var writer = await store.AppendAsync(location, synced, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, synced, content.Length - synced), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
    }
}
