using System.Buffers;
using Berth.Oci;
using Berth.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>A real volume of 64 MiB that really gets full.</summary>
public sealed class SmallVolumeTests
{
    private const long Volume = 64 << 20;

    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Fact]
    public async Task Pushes_fill_the_volume_up_to_the_margin_and_fail_clearly_and_all_recovers()
    {
        using var volume = await MountedVolume.MountAsync("tmpfs", "size=64m", "tmpfs");
        await using var store = await OpenAsync(volume);
        Assert.True(store.Reserve.IsHeld);
        Assert.Equal(Volume / 8, store.Reserve.Bytes);

        // Clients that do not say how much comes meet the end of the volume; the reserve is given free.
        var locations = new List<string>();
        await Assert.ThrowsAsync<StorageFullException>(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                locations.Add(store.NewLocation());
                await using var writer = await store.AppendAsync(locations[^1], 0, 0, Cancelled);
                for (var chunk = 0; chunk < 30; chunk++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[1 << 20]), Cancelled);
                await writer.SyncAsync(Cancelled);
            }
        });
        Assert.Equal(2, locations.Count);
        Assert.False(store.Reserve.IsHeld);
        Assert.InRange(FreeOf(volume), (Volume / 8) - (1 << 20), Volume);

        // The database finds room; there is none for the reserve and so none for pushes.
        await File.WriteAllBytesAsync(volume.In("database.wal"), new byte[4 << 20], Cancelled);
        Assert.False(await store.TryTakeReserveBackAsync(Cancelled));
        await Assert.ThrowsAsync<StorageFullException>(() => store.AppendAsync(store.NewLocation(), 0, 1, Cancelled));
        Assert.Equal(30 << 20, (await StoreFolder.GetAsync(store, locations[0], 30 << 20)).Length);

        foreach (var location in locations) await store.DeleteAsync(location, Cancelled);
        Assert.True(await store.TryTakeReserveBackAsync(Cancelled));
        await StoreFolder.PutAsync(store, new byte[8 << 20]);
    }

    [Fact]
    public async Task What_clients_declare_is_refused_before_it_comes_and_the_reserve_stays()
    {
        using var volume = await MountedVolume.MountAsync("tmpfs", "size=64m", "tmpfs");
        await using var store = await OpenAsync(volume);
        await using var first = await store.AppendAsync(store.NewLocation(), 0, 30 << 20, Cancelled);
        await Assert.ThrowsAsync<StorageFullException>(() => store.AppendAsync(store.NewLocation(), 0, 30 << 20, Cancelled));
        await using var second = await store.AppendAsync(store.NewLocation(), 0, 20 << 20, Cancelled);
        foreach (var (writer, megabytes) in ((IBlobWriter, int)[])[(first, 30), (second, 20)])
        {
            for (var i = 0; i < megabytes; i++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[1 << 20]), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        Assert.True(store.Reserve.IsHeld);
    }

    [Fact]
    public async Task A_store_on_a_full_volume_opens_without_its_reserve_and_takes_it_once_there_is_room()
    {
        using var volume = await MountedVolume.MountAsync("tmpfs", "size=64m", "tmpfs");
        string location;
        await using (var before = await OpenAsync(volume))
        {
            location = await StoreFolder.PutAsync(before, new byte[1000]);
            await before.Reserve.ReleaseAsync("a test", Cancelled);
        }

        await File.WriteAllBytesAsync(volume.In("filler"), new byte[60 << 20], Cancelled);
        await using var store = await OpenAsync(volume);
        Assert.False(store.Reserve.IsHeld);
        Assert.Equal(1000, (await StoreFolder.GetAsync(store, location, 1000)).Length);
        await Assert.ThrowsAsync<StorageFullException>(() => store.AppendAsync(store.NewLocation(), 0, 0, Cancelled));
        await store.DeleteAsync(location, Cancelled);

        File.Delete(volume.In("filler"));
        Assert.True(await store.TryTakeReserveBackAsync(Cancelled));
        await StoreFolder.PutAsync(store, new byte[1000]);
    }

    [Fact]
    public async Task A_reserve_that_is_full_of_holes_is_filled_again()
    {
        using var volume = await MountedVolume.MountAsync("tmpfs", "size=64m", "tmpfs");
        var path = volume.In("reserve");
        await using (var sparse = File.Create(path)) sparse.SetLength(4 << 20);
        var free = FreeOf(volume);
        using var reserve = await ReserveFile.OpenAsync(path, 4 << 20, NullLogger.Instance, Cancelled);
        Assert.True(reserve.IsHeld);
        Assert.InRange(free - FreeOf(volume), 4 << 20, 5 << 20);

        await reserve.ReleaseAsync("a test", Cancelled);
        await reserve.ReleaseAsync("a test", Cancelled);
        Assert.False(reserve.IsHeld);
        Assert.InRange(FreeOf(volume), free - 4096, Volume);
        Assert.True(await reserve.TryTakeBackAsync(Cancelled));
        Assert.True(await reserve.TryTakeBackAsync(Cancelled));
    }

    [Fact]
    public async Task No_reserve_is_nothing_to_hold_or_give()
    {
        using var folder = new StoreFolder();
        using var reserve = await ReserveFile.OpenAsync(folder.In("reserve"), 0, NullLogger.Instance, Cancelled);
        await reserve.ReleaseAsync("a test", Cancelled);
        Assert.True(reserve.IsHeld);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ReserveFile.OpenAsync(folder.In("reserve"), -1, NullLogger.Instance, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => ReserveFile.OpenAsync(folder.In("absent", "reserve"), 1, NullLogger.Instance, Cancelled));
    }

    private static long FreeOf(MountedVolume volume) => new DriveInfo(volume.Path).AvailableFreeSpace;

    private static async Task<FileSystemBlobStore> OpenAsync(MountedVolume volume)
    {
        var store = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = volume.In("storage") },
            TimeProvider.System,
            NoSteps.Instance,
            NullLogger<FileSystemBlobStore>.Instance,
            Cancelled);
        await store.WriteIdentityAsync(StoreFolder.Identity, Cancelled);
        return store;
    }
}
