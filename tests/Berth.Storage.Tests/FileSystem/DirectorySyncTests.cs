using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Storage.Tests.FileSystem;

public sealed class DirectorySyncTests : IDisposable
{
    private readonly GatedFileOperations _files = new();
    private readonly IoLane _lane = new("test", 4);
    private readonly DirectorySync _directory;

    public DirectorySyncTests() => _directory = new DirectorySync(_files, _lane, "/folder");

    public void Dispose()
    {
        _files.Open.Release(1000);
        _lane.Dispose();
    }

    [Fact]
    public async Task Callers_at_the_same_time_share_one_fsync_that_began_after_they_asked()
    {
        var first = _directory.SyncAsync();
        await _files.BegunAsync(1);
        var later = Enumerable.Range(0, 50).Select(_ => _directory.SyncAsync()).ToList();

        _files.Open.Release();
        await first;
        await _files.BegunAsync(2);
        Assert.All(later, task => Assert.False(task.IsCompleted));

        _files.Open.Release();
        await Task.WhenAll(later);
        Assert.Equal(2, _files.Begun);
    }

    [Fact]
    public async Task One_after_another_each_gets_its_own()
    {
        _files.Open.Release(3);
        for (var i = 1; i <= 3; i++)
        {
            await _directory.SyncAsync();
            Assert.Equal(i, _files.Begun);
        }
    }

    [Fact]
    public async Task A_failure_is_everyones_who_had_an_entry_in_it()
    {
        _files.Fails = true;
        var first = _directory.SyncAsync();
        await _files.BegunAsync(1);
        var waiting = _directory.SyncAsync();
        _files.Open.Release();
        await Assert.ThrowsAsync<FileOperationException>(() => first);
        await Assert.ThrowsAsync<FileOperationException>(() => waiting);
        Assert.Equal(1, _files.Begun);
        Assert.Equal(1, _directory.Failures);

        _files.Fails = false;
        _files.Open.Release();
        await _directory.SyncAsync();
        Assert.Equal(2, _files.Begun);
    }

    [Fact]
    public async Task Uploads_that_finish_together_in_one_folder_share_its_fsync()
    {
        using var folder = new StoreFolder();
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var store = await folder.OpenAsync(files);
        var writers = new List<IBlobWriter>();
        for (var i = 0; i < 24; i++) writers.Add(await store.AppendAsync($"cd/cd{i:d30}", 0, 0, StoreFolder.Cancelled));
        var before = files.CountOf(Operation.SyncDirectory);
        using var asked = new ManualResetEventSlim();
        files.Fault = (operation, _) =>
        {
            if (operation == Operation.SyncDirectory) asked.Wait(StoreFolder.Cancelled);
            return 0;
        };

        var syncs = writers.Select(writer => writer.SyncAsync(StoreFolder.Cancelled)).ToList();
        asked.Set();
        await Task.WhenAll(syncs);
        Assert.InRange(files.CountOf(Operation.SyncDirectory) - before, 1, 2);
        foreach (var writer in writers) await writer.DisposeAsync();
    }

    // Its directory fsync waits until the test lets it go.
    private sealed class GatedFileOperations() : DelegatingFileOperations(PosixFileOperations.Instance)
    {
        private readonly SemaphoreSlim _begun = new(0);
        private int _count;

        public SemaphoreSlim Open { get; } = new(0);

        public bool Fails { get; set; }

        public int Begun => Volatile.Read(ref _count);

        public async Task BegunAsync(int count)
        {
            while (Begun < count) Assert.True(await _begun.WaitAsync(TimeSpan.FromSeconds(20), StoreFolder.Cancelled), "No fsync began.");
        }

        public override void SyncDirectory(string path)
        {
            Interlocked.Increment(ref _count);
            _begun.Release();
            Open.Wait(StoreFolder.Cancelled);
            if (Fails) throw new FileOperationException("fsync", path, Errno.Io);
        }
    }
}
