using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>Bytes that a process left which was ended before it synced them.</summary>
public sealed class LateSyncTests
{
    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    [Fact]
    public async Task A_late_sync_makes_bytes_and_name_durable()
    {
        using var folder = new StoreFolder();
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        var content = StoreFolder.Content(5_000);
        string location;
        await using (var store = await folder.OpenAsync(recorder))
        {
            location = store.NewLocation();
            await using var writer = await store.AppendAsync(location, 0, content.Length, Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        }

        Assert.Null(AfterPowerLoss());
        await using (var store = await folder.OpenAsync(recorder)) await store.SyncAsync(location, Cancelled);

        Assert.Equal(content, AfterPowerLoss());

        byte[]? AfterPowerLoss()
        {
            var log = recorder.Log;
            return PowerLoss.At(log, PowerLoss.Durable(log, log.Count), static _ => false).Read(folder.Path, folder.FileOf(location));
        }
    }

    [Theory]
    [InlineData(Operation.Sync)]
    [InlineData(Operation.SyncDirectory)]
    public async Task A_late_sync_that_fails_says_so(Operation kind)
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files);
        var location = store.NewLocation();
        await using (var writer = await store.AppendAsync(location, 0, 0, Cancelled)) await writer.WriteAsync(new ReadOnlySequence<byte>("bytes"u8.ToArray()), Cancelled);
        files.Fault = (operation, _) => operation == kind ? Errno.Io : 0;

        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.SyncAsync(location, Cancelled));
    }
}
