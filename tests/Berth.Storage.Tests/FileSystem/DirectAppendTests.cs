using System.Buffers;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>Long appends that go past the page cache: the same bytes, the same failures, the same fences.</summary>
public sealed class DirectAppendTests : IDisposable
{
    private const int Block = 4_096;

    private readonly StoreFolder _folder = new();
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

    [Theory]
    [InlineData(1)]
    [InlineData(4_095)]
    [InlineData(4_096)]
    [InlineData(4_097)]
    [InlineData(70_000)]
    public async Task Bytes_are_the_same_however_they_are_cut(int piece)
    {
        var files = new NotingFileOperations();
        await using var store = await _folder.OpenAsync(files, direct: Small());
        var content = StoreFolder.Content(100_001);
        var location = store.NewLocation();
        await using (var writer = await store.AppendAsync(location, 0, content.Length, Cancelled))
        {
            for (var at = 0; at < content.Length; at += piece)
            {
                var length = Math.Min(piece, content.Length - at);
                await writer.WriteAsync(Segments(content.AsMemory(at, length)), Cancelled);
                Assert.Equal(at + length, writer.Position);
                if (at / 30_000 != (at + length) / 30_000) await writer.SyncAsync(Cancelled);
            }

            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
        if (piece < content.Length) Assert.NotEmpty(files.DirectWrites);
        Assert.All(files.DirectWrites, write => Assert.Equal((0, Block), (write.Offset % Block, write.Length)));
    }

    [Fact]
    public async Task A_real_disk_takes_them()
    {
        // In a folder of the disk: where this machine has no direct writes, the cache takes the bytes.
        var root = Directory.CreateTempSubdirectory("berth-direct-").FullName;
        try
        {
            await using var store = await _folder.OpenAsync(root: Path.Join(root, "store"));
            var content = StoreFolder.Content((20 << 20) + 12_345);
            var location = await PutInPiecesAsync(store, content, 100_000);
            Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task A_disk_that_takes_no_such_write_gets_them_through_the_cache()
    {
        var files = new NotingFileOperations { Refused = Errno.Invalid };
        await using var store = await _folder.OpenAsync(files, direct: Small());
        var content = StoreFolder.Content(50_000);
        var location = await PutInPiecesAsync(store, content, 3_000);
        Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
        Assert.NotEmpty(files.DirectWrites);
    }

    [Fact]
    public async Task Only_so_many_writers_go_past_the_cache_at_once()
    {
        var files = new NotingFileOperations();
        await using var store = await _folder.OpenAsync(files, direct: Small());
        var writers = new List<IBlobWriter>();
        for (var i = 0; i < 4; i++)
        {
            var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
            for (var piece = 0; piece < 10; piece++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[2_000]), Cancelled);
            writers.Add(writer);
        }

        Assert.Equal(2, files.Opened);
        foreach (var writer in writers) await writer.DisposeAsync();
        await PutInPiecesAsync(store, StoreFolder.Content(20_000), 2_000);
        Assert.Equal(3, files.Opened);
    }

    [Theory]
    [InlineData(Errno.Io)]
    [InlineData(Errno.NoSpace)]
    public async Task What_stands_before_a_write_that_failed_can_be_made_durable_and_gone_on_from(int errno)
    {
        for (var n = 1; n <= 8; n++)
        {
            var files = new NotingFileOperations { Refused = errno, RefusedFrom = n };
            await using var store = await _folder.OpenAsync(files, direct: Small());
            var content = StoreFolder.Content(60_000);
            var location = store.NewLocation();
            long standing;
            await using (var writer = await store.AppendAsync(location, 0, 0, Cancelled))
            {
                var failure = await Assert.ThrowsAnyAsync<IOException>(async () =>
                {
                    for (var at = 0; at < content.Length; at += 3_000) await writer.WriteAsync(new ReadOnlySequence<byte>(content, at, 3_000), Cancelled);
                });
                Assert.Equal(errno == Errno.NoSpace, failure is StorageFullException);
                standing = writer.Position;
                Assert.Equal(Block * n, standing);
                await writer.SyncAsync(Cancelled);
            }

            Assert.Equal(content[..(int)standing], await StoreFolder.GetAsync(store, location, standing));
            files.Refused = 0;
            await using (var writer = await store.AppendAsync(location, standing, 0, Cancelled))
            {
                await writer.WriteAsync(new ReadOnlySequence<byte>(content, (int)standing, content.Length - (int)standing), Cancelled);
                await writer.SyncAsync(Cancelled);
            }

            Assert.Equal(content, await StoreFolder.GetAsync(store, location, content.Length));
        }
    }

    [Fact]
    public async Task A_failure_that_the_flush_meets_is_one_of_writing()
    {
        var files = new NotingFileOperations { Refused = Errno.NoSpace };
        await using var store = await _folder.OpenAsync(files, direct: Small());
        var content = StoreFolder.Content(9_000);
        var location = store.NewLocation();
        await using (var writer = await store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 0, 2_000), Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 2_000, 7_000), Cancelled);
            await Assert.ThrowsAsync<StorageFullException>(() => writer.FlushAsync(Cancelled));
            await Assert.ThrowsAsync<StorageFullException>(() => writer.FlushAsync(Cancelled));
            Assert.Equal(Block, writer.Position);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal(content[..Block], await StoreFolder.GetAsync(store, location, Block));
    }

    [Fact]
    public async Task A_failure_that_only_the_sync_meets_ends_the_writer()
    {
        var files = new NotingFileOperations { Refused = Errno.Io };
        await using var store = await _folder.OpenAsync(files, direct: Small());
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[2_000]), Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[7_000]), Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
        Assert.Equal(Block, writer.Position);
    }

    [Fact]
    public async Task Bytes_become_durable_while_more_are_written()
    {
        var files = new NotingFileOperations();
        await using var store = await _folder.OpenAsync(files, direct: Small());
        files.BeforeSync = () => _arrived.Release();
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        for (var block = 0; block < 20; block++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[Block]), Cancelled);
        Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
    }

    [Fact]
    public async Task A_sync_on_the_way_that_failed_ends_the_writer_and_is_not_tried_again()
    {
        var files = new NotingFileOperations();
        await using var store = await _folder.OpenAsync(files, direct: Small());
        files.BeforeSync = () =>
        {
            files.BeforeSync = null;
            throw new FileOperationException("fsync", null, Errno.Io);
        };
        await using var writer = await store.AppendAsync(store.NewLocation(), 0, 0, Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(async () =>
        {
            for (var block = 0; block < 50; block++) await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[Block]), Cancelled);
            await writer.SyncAsync(Cancelled);
        });
        Assert.Null(files.BeforeSync);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[Block]), Cancelled));
    }

    [Fact]
    public async Task A_newcomer_waits_for_the_block_that_hangs_before_it()
    {
        var files = new NotingFileOperations();
        await using var store = await _folder.OpenAsync(files, direct: Small());
        var location = store.NewLocation();
        files.Hold = () =>
        {
            _arrived.Release();
            _open.Wait(Cancelled);
        };
        var first = await store.AppendAsync(location, 0, 0, Cancelled);
        await first.WriteAsync(new ReadOnlySequence<byte>(new byte[2_000]), Cancelled);
        await first.WriteAsync(new ReadOnlySequence<byte>(new byte[7_000]), Cancelled);
        Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));

        var disposal = first.DisposeAsync();
        var second = store.AppendAsync(location, 0, 0, Cancelled);
        await Task.Delay(50, Cancelled);
        Assert.False(second.IsCompleted);

        files.Hold = null;
        _open.Release(100);
        await disposal;
        await using (var writer = await second)
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("second"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal("second"u8.ToArray(), await StoreFolder.GetAsync(store, location, 6));
    }

    private static DirectIo Small() => new(after: 1_000, blockSize: Block, blocks: 2, writers: 2, syncEvery: 3 * Block);

    private static async Task<string> PutInPiecesAsync(FileSystemBlobStore store, byte[] content, int piece)
    {
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
        foreach (var part in content.Chunk(piece)) await writer.WriteAsync(new ReadOnlySequence<byte>(part), Cancelled);
        await writer.SyncAsync(Cancelled);
        return location;
    }

    // As the network hands bytes in: in several segments.
    private static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes)
    {
        var first = new Segment(bytes[..(bytes.Length / 3)], 0);
        var second = first.Then(bytes[(bytes.Length / 3)..]);
        return new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Then(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    /// <summary>Direct writes go through the cache, so that any file system takes them; they are noted, and refused or held on demand.</summary>
    private sealed class NotingFileOperations() : DelegatingFileOperations(PosixFileOperations.Instance)
    {
        private readonly Lock _lock = new();
        private readonly HashSet<SafeFileHandle> _direct = [];
        private readonly List<(long Offset, int Length)> _writes = [];

        public int Opened { get; private set; }

        public int Refused { get; set; }

        /// <summary>The first block of the file whose direct write is refused.</summary>
        public int RefusedFrom { get; init; } = 1;

        public Action? Hold { get; set; }

        public Action? BeforeSync { get; set; }

        public IReadOnlyList<(long Offset, int Length)> DirectWrites
        {
            get
            {
                lock (_lock) return [.. _writes];
            }
        }

        public override SafeFileHandle? OpenDirect(SafeFileHandle file)
        {
            var handle = File.OpenHandle($"/proc/self/fd/{file.DangerousGetHandle()}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            lock (_lock)
            {
                _direct.Add(handle);
                Opened++;
            }

            return handle;
        }

        public override void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
        {
            if (IsDirect(file))
            {
                lock (_lock) _writes.Add((offset, (int)bytes.Length));
                if (Refused != 0 && offset >= Block * RefusedFrom) throw new FileOperationException("write", null, Refused);
                Hold?.Invoke();
            }

            base.Write(file, bytes, offset);
        }

        public override void Sync(SafeFileHandle file)
        {
            BeforeSync?.Invoke();
            base.Sync(file);
        }

        private bool IsDirect(SafeFileHandle file)
        {
            lock (_lock) return _direct.Contains(file);
        }
    }
}
