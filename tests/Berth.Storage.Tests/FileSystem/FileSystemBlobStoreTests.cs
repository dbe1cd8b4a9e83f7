using System.Buffers;
using Berth.Oci;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>What the file system driver does beyond the suite of every driver.</summary>
public sealed class FileSystemBlobStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_location_is_a_file_of_its_own_name_from_its_first_byte_on()
    {
        await using var store = await _folder.OpenAsync();
        var location = store.NewLocation();
        Assert.Matches("^([0-9a-f]{2})/\\1[0-9a-f]{30}$", location);
        Assert.False(File.Exists(_folder.FileOf(location)));
        await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        Assert.True(File.Exists(_folder.FileOf(location)));
    }

    [Fact]
    public async Task Locations_are_spread_evenly_over_all_folders_with_neighbours_in_time_side_by_side()
    {
        await using var store = await _folder.OpenAsync();
        var folders = Enumerable.Range(0, 256 * 64).Select(_ => store.NewLocation()[..2]).ToList();
        Assert.All(folders.CountBy(folder => folder), folder => Assert.Equal(64, folder.Value));
        Assert.Equal(256, folders.Distinct().Count());
        Assert.InRange(folders.Zip(folders.Skip(1)).Count(pair => pair.First != pair.Second), 255, 256);
        Assert.Equal(256, Directory.GetDirectories(_folder.In("data", "storage", "blobs")).Length);
    }

    [Fact]
    public async Task A_new_store_is_synced_up_to_the_folder_that_holds_its_data_folder()
    {
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        await using var store = await _folder.OpenAsync(recorder);
        var synced = recorder.Log.OfType<FileEvent.DirectorySynced>().Select(entry => entry.Path).ToHashSet();
        Assert.Superset(new HashSet<string> { _folder.In("data", "storage", "blobs"), _folder.Root, _folder.In("data"), _folder.Path }, synced);
    }

    [Fact]
    public async Task Folders_that_a_copy_left_out_are_made_again()
    {
        await using (await _folder.OpenAsync()) Directory.Delete(_folder.In("data", "storage", "blobs", "7f"));
        await using var store = await _folder.OpenAsync();
        Assert.True(Directory.Exists(_folder.In("data", "storage", "blobs", "7f")));
    }

    [Fact]
    public async Task A_volume_that_went_away_makes_nothing_missing()
    {
        await using var store = await _folder.OpenAsync();
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(100));
        Directory.Move(_folder.Root, _folder.In("elsewhere"));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.OpenAsync(location, 100, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(location, 100, 0, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(store.NewLocation(), 0, 0, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.DeleteAsync(location, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await store.ListAsync(Cancelled).CountAsync(Cancelled));

        Directory.Move(_folder.In("elsewhere"), _folder.Root);
        Assert.Equal(100, (await StoreFolder.GetAsync(store, location, 100)).Length);
    }

    [Fact]
    public async Task Another_stores_volume_in_its_place_makes_nothing_missing()
    {
        await using var store = await _folder.OpenAsync();
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(100));
        File.Delete(_folder.FileOf(location));
        await Assert.ThrowsAsync<BlobMissingException>(() => store.OpenAsync(location, 100, Cancelled));

        await File.WriteAllTextAsync(_folder.In("data", "storage", "identity"), "another-installation\n", Cancelled);
        var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() => store.OpenAsync(location, 100, Cancelled));
        Assert.Contains("another-installation", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_stores_volume_in_its_place_takes_no_bytes()
    {
        await using var store = await _folder.OpenAsync();
        var location = store.NewLocation();
        await using (var begun = await store.AppendAsync(location, 0, 0, Cancelled))
        {
            await begun.WriteAsync(new ReadOnlySequence<byte>("bytes"u8.ToArray()), Cancelled);
            await begun.SyncAsync(Cancelled);
        }

        await File.WriteAllTextAsync(_folder.In("data", "storage", "identity"), "another-installation\n", Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(location, 5, 0, Cancelled));
        var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(store.NewLocation(), 0, 0, Cancelled));
        Assert.Contains("another-installation", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cut short")]
    [InlineData("\n")]
    public async Task A_file_that_is_no_identity_is_not_taken_for_one(string content)
    {
        Directory.CreateDirectory(_folder.Root);
        await File.WriteAllTextAsync(_folder.In("data", "storage", "identity"), content, Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => _folder.OpenAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("two words")]
    [InlineData("line\nfeed")]
    public async Task An_identity_that_could_not_be_read_back_is_refused(string identity)
    {
        await using var store = await _folder.OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteIdentityAsync(identity, Cancelled));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteIdentityAsync(new string('x', 201), Cancelled));
    }

    [Fact]
    public async Task A_link_or_a_folder_in_a_locations_place_is_not_followed()
    {
        await using var store = await _folder.OpenAsync();
        var secret = _folder.In("secret");
        await File.WriteAllTextAsync(secret, "secret", Cancelled);
        var (link, place) = (store.NewLocation(), store.NewLocation());
        File.CreateSymbolicLink(_folder.FileOf(link), secret);
        Directory.CreateDirectory(_folder.FileOf(place));
        foreach (var location in (string[])[link, place])
        {
            await Assert.ThrowsAsync<StorageUnavailableException>(() => store.OpenAsync(location, 6, Cancelled));
            await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(location, 0, 0, Cancelled));
            await Assert.ThrowsAsync<StorageUnavailableException>(() => store.AppendAsync(location, 6, 0, Cancelled));
        }

        Assert.Equal("secret", await File.ReadAllTextAsync(secret, Cancelled));
    }

    [Fact]
    public async Task The_list_leaves_out_what_is_not_the_stores()
    {
        await using var store = await _folder.OpenAsync();
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(3));
        await File.WriteAllTextAsync(_folder.In("data", "storage", "blobs", "00", "notes.txt"), "x", Cancelled);
        await File.WriteAllTextAsync(_folder.In("data", "storage", "blobs", "00", $"11{new string('0', 30)}"), "x", Cancelled);
        var listed = await store.ListAsync(Cancelled).ToListAsync(Cancelled);
        Assert.Equal([location], listed.Select(blob => blob.Location));
    }

    [Fact]
    public async Task The_list_reads_large_folders_in_batches()
    {
        await using var store = await _folder.OpenAsync();
        for (var i = 0; i < 1_500; i++) await File.WriteAllTextAsync(_folder.FileOf($"ee/ee{i:d30}"), "x", Cancelled);
        Assert.Equal(1_500, await store.ListAsync(Cancelled).CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_blob_that_is_cut_while_it_is_read_ends_the_read()
    {
        await using var store = await _folder.OpenAsync();
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(10_000));
        await using var reader = await store.OpenAsync(location, 10_000, Cancelled);
        await using (var file = File.OpenWrite(_folder.FileOf(location))) file.SetLength(5_000);
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await reader.ReadAsync(5_000, new byte[10], Cancelled));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_stops_the_opening()
    {
        await File.WriteAllTextAsync(_folder.In("data"), "a file", Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => _folder.OpenAsync());
    }

    [Fact]
    public async Task Steps_are_reached_in_order()
    {
        var steps = new RecordingSteps();
        await using var store = await _folder.OpenAsync(steps: steps);
        var location = await StoreFolder.PutAsync(store, StoreFolder.Content(10));
        await store.DeleteAsync(location, Cancelled);
        Assert.Equal([StorageSteps.BeforeSync, StorageSteps.AfterSync, StorageSteps.BeforeUnlink, StorageSteps.AfterUnlink], steps.Reached);
    }

    [Fact]
    public async Task The_server_opens_it_through_the_public_door()
    {
        await using var store = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = _folder.Root, ReserveBytes = 1 << 20 },
            TimeProvider.System,
            NoSteps.Instance,
            NullLogger<FileSystemBlobStore>.Instance,
            Cancelled);
        Assert.Null(await store.ReadIdentityAsync(Cancelled));
        Assert.True(store.Reserve.IsHeld);
        Assert.Equal(1 << 20, new FileInfo(_folder.In("data", "storage", "reserve")).Length);
    }

    [Fact]
    public void A_folder_is_made_with_all_folders_above_it()
    {
        var path = _folder.In("a", "b", "c");
        DurableDirectory.Create(path);
        DurableDirectory.Create(path + "/");
        Assert.True(Directory.Exists(path));
    }

    private sealed class RecordingSteps : ISteps
    {
        public List<string> Reached { get; } = [];

        public ValueTask ReachAsync(string point)
        {
            Reached.Add(point);
            return ValueTask.CompletedTask;
        }
    }
}
