using System.Buffers;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>After a loss of power at any moment, whatever was acknowledged before it stands.</summary>
public sealed class PowerLossTests
{
    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Fact]
    public async Task Every_synced_offset_stands_after_a_loss_of_power_at_any_moment()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(recorder);
        var start = recorder.Count;
        var promises = await PlayAsync(store, recorder);
        await CheckAsync(folder, recorder.Log, start, promises, random: 20);
    }

    [Fact]
    public async Task Concurrent_uploads_stand_after_a_loss_of_power_at_any_moment()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(recorder);
        var start = recorder.Count;
        var promises = (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PlayAsync(store, recorder)))).SelectMany(p => p).ToList();
        await CheckAsync(folder, recorder.Log, start, promises, random: 10);
    }

    [Fact]
    public async Task Uploads_that_go_past_the_cache_stand_after_a_loss_of_power_at_any_moment()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(recorder, direct: new DirectIo(after: 1_000, blockSize: 4_096, blocks: 2, writers: 2, syncEvery: 8_192));
        var start = recorder.Count;
        var promises = (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PlayLargeAsync(store, recorder)))).SelectMany(p => p).ToList();
        await CheckAsync(folder, recorder.Log, start, promises, random: 10);
    }

    [Fact]
    public async Task A_store_can_be_made_again_after_a_loss_of_power_at_any_moment_of_its_making()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(recorder);
        var log = recorder.Log;
        for (var point = 0; point <= log.Count; point++)
        {
            // One folder of the fan-out is like the next.
            if (point is > 20 and < BlobLocation.FanOut && point % 16 != 0) continue;
            foreach (var state in States(log, point, random: 1))
            {
                using var after = new StoreFolder();
                state.LayOut(folder.Path, after.Path);
                await using var again = await FileSystemBlobStore.OpenAsync(
                    new FileSystemOptions { Root = after.Root, ReserveBytes = 0 },
                    PosixFileOperations.Instance,
                    TimeProvider.System,
                    Oci.NoSteps.Instance,
                    Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance,
                    Cancelled);
                var identity = await again.ReadIdentityAsync(Cancelled);
                if (point == log.Count) Assert.Equal(StoreFolder.Identity, identity);
                else Assert.True(identity is null or StoreFolder.Identity, $"A torn identity at {point}: '{identity}'.");
                await again.WriteIdentityAsync(StoreFolder.Identity, Cancelled);
            }
        }
    }

    [Fact]
    public async Task The_check_notices_a_store_that_does_not_sync_its_folders()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        var careless = new CarelessFileOperations(recorder);
        await using var store = await folder.OpenAsync(careless);
        careless.SkipsFolders = true;
        var start = recorder.Count;
        var promises = await PlayAsync(store, recorder);
        await Assert.ThrowsAnyAsync<Exception>(() => CheckAsync(folder, recorder.Log, start, promises, random: 1));
    }

    [Fact]
    public async Task The_check_notices_a_store_that_does_not_sync_its_files()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        var careless = new CarelessFileOperations(recorder);
        await using var store = await folder.OpenAsync(careless);
        careless.SkipsFiles = true;
        var start = recorder.Count;
        var promises = await PlayAsync(store, recorder);
        await Assert.ThrowsAnyAsync<Exception>(() => CheckAsync(folder, recorder.Log, start, promises, random: 1));
    }

    // An upload in chunks with a sync after each, a chunk that is lost and sent again, a blob of no bytes, a deletion.
    private static async Task<List<Promise>> PlayAsync(FileSystemBlobStore store, RecordingFileOperations recorder)
    {
        var promises = new List<Promise>();
        var content = StoreFolder.Content(9_000);
        var location = store.NewLocation();
        for (var at = 0; at < content.Length; at += 3_000)
        {
            await using (var lost = await store.AppendAsync(location, at, 0, Cancelled))
                await lost.WriteAsync(new ReadOnlySequence<byte>(StoreFolder.Content(4_000)), Cancelled);

            await using var writer = await store.AppendAsync(location, at, 0, Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, at, 1_000), Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, at + 1_000, 1_000), Cancelled);
            await writer.SyncAsync(Cancelled);
            promises.Add(new Promise(location, content[..(at + 2_000)], recorder.Count));
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, at + 2_000, 1_000), Cancelled);
            await writer.SyncAsync(Cancelled);
            promises.Add(new Promise(location, content[..(at + 3_000)], recorder.Count));
        }

        var empty = await StoreFolder.PutAsync(store, []);
        promises.Add(new Promise(empty, [], recorder.Count));

        var deleted = await StoreFolder.PutAsync(store, StoreFolder.Content(500));
        await store.DeleteAsync(deleted, Cancelled);
        promises.Add(new Promise(deleted, null, recorder.Count));
        return promises;
    }

    // Writes of odd lengths, a sync in the middle and one at the end.
    private static async Task<List<Promise>> PlayLargeAsync(FileSystemBlobStore store, RecordingFileOperations recorder)
    {
        var promises = new List<Promise>();
        var content = StoreFolder.Content(50_000);
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        for (var at = 0; at < content.Length; at += 2_500)
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, at, 2_500), Cancelled);
            if (at is not (22_500 or 47_500)) continue;
            await writer.SyncAsync(Cancelled);
            promises.Add(new Promise(location, content[..(at + 2_500)], recorder.Count));
        }

        return promises;
    }

    private static async Task CheckAsync(StoreFolder folder, IReadOnlyList<FileEvent> log, int start, List<Promise> promises, int random)
    {
        Assert.True(log.Count > start + 10);
        for (var point = start; point <= log.Count; point++)
        {
            var kept = promises.Where(p => p.Point <= point).ToList();
            foreach (var state in States(log, point, random))
            {
                foreach (var promise in kept) Check(promise, state.Read(folder.Path, folder.FileOf(promise.Location)));
            }

            if ((point - start) % 10 == 0) await ResumeAsync(folder, States(log, point, random).Last(), kept);
        }
    }

    private static void Check(Promise promise, byte[]? standing)
    {
        if (promise.Content is null)
        {
            Assert.True(standing is null, "A removed location came back.");
            return;
        }

        Assert.True(standing?.Length >= promise.Content.Length, $"{standing?.Length} of {promise.Content.Length} synced bytes stand.");
        Assert.True(promise.Content.AsSpan().SequenceEqual(standing.AsSpan(0, promise.Content.Length)), "Synced bytes differ.");
    }

    // The real store on the real state: an upload goes on at what was acknowledged last, and is read back whole.
    private static async Task ResumeAsync(StoreFolder folder, PowerLoss state, List<Promise> promises)
    {
        using var after = new StoreFolder();
        state.LayOut(folder.Path, after.Path);
        await using var store = await after.OpenAsync();
        foreach (var promise in promises.Where(p => p.Content is not null).GroupBy(p => p.Location).Select(uploads => uploads.Last()))
        {
            await using (var writer = await store.AppendAsync(promise.Location, promise.Content!.Length, 0, Cancelled))
            {
                await writer.WriteAsync(new ReadOnlySequence<byte>("rest"u8.ToArray()), Cancelled);
                await writer.SyncAsync(Cancelled);
            }

            var whole = await StoreFolder.GetAsync(store, promise.Location, promise.Content.Length + 4);
            Assert.Equal([.. promise.Content, .. "rest"u8], whole);
        }
    }

    private static IEnumerable<PowerLoss> States(IReadOnlyList<FileEvent> log, int point, int random)
    {
        var durable = PowerLoss.Durable(log, point);
        yield return PowerLoss.At(log, durable, static _ => false);
        yield return PowerLoss.At(log, durable, static _ => true);

        // Names without bytes, as file systems that delay allocation leave them, and the other way round.
        yield return PowerLoss.At(log, durable, static entry => entry is not (FileEvent.Written or FileEvent.Truncated));
        yield return PowerLoss.At(log, durable, static entry => entry is FileEvent.Written or FileEvent.Truncated);
        for (var seed = 0; seed < random; seed++)
        {
            var chance = new SeededBits((ulong)(point * 31 + seed + 1));
            yield return PowerLoss.At(log, durable, _ => chance.Next());
        }
    }

    private sealed record Promise(string Location, byte[]? Content, int Point);

    private sealed class SeededBits(ulong state)
    {
        public bool Next()
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            return (state & 0x100) != 0;
        }
    }
}
