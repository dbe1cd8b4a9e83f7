using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Appends to one file. Bytes are copied into the page cache on the caller's thread; the disk starts on them every 8 MiB, two such windows
/// behind at most, so that neither memory nor the final fsync grows with the blob. A long append goes on past the cache, where there is a place.
/// </summary>
internal sealed partial class FileBlobWriter(StoreParts parts, DirectorySync directory, string location, long start) : IBlobWriter
{
    private const long Window = 8L << 20;

    // Taken while the writer opens or works; kept for good by whoever fences it off.
    private readonly SemaphoreSlim _turn = new(0, 1);
    private readonly int _directoryFailures = directory.Failures;
    private SafeFileHandle? _file;
    private Task _writeback = Task.CompletedTask;
    private long _writebackFrom = start;
    private DirectAppend? _direct;
    private long _cachedFrom = start;
    private long _settledUpTo = start;
    private long _promised;
    private bool _entryDurable = start > 0;
    private bool _durable;
    private IOException? _writeFailure;
    private IOException? _syncFailure;
    private volatile bool _fenced;
    private volatile bool _disposed;

    /// <summary>The location it appends to.</summary>
    public string Location => location;

    /// <inheritdoc/>
    public long Position { get; private set; } = start;

    /// <inheritdoc/>
    public string? Checkpoint => null;

    /// <inheritdoc/>
    public bool MustBeRead => false;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var file = TakeTurn();
        try
        {
            if (_writeFailure is not null) throw _writeFailure;
            if (bytes.IsEmpty) return;

            _durable = false;
            try
            {
                parts.RequireReserve();
                if (_direct is null && Position - _cachedFrom >= parts.Direct.After) bytes = await GoDirectAsync(file, bytes, cancellationToken);
                if (_direct is not null) await WriteDirectAsync(file, _direct, bytes);
                else await WriteCachedAsync(file, bytes, cancellationToken);
            }
            catch (FileOperationException e)
            {
                throw _writeFailure = await parts.TranslateAsync(e);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _ = TakeTurn();
        try
        {
            if (_writeFailure is not null) throw _writeFailure;
            if (_direct is { } direct) await FlushAsync(direct);
        }
        catch (FileOperationException e)
        {
            throw _writeFailure = await parts.TranslateAsync(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task SyncAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var file = TakeTurn();
        try
        {
            if (_durable) return;
            using var span = StorageTracing.Start("storage.sync", location)?.SetTag("berth.storage.size", Position);
            await parts.Steps.ReachAsync(StorageSteps.BeforeSync);
            try
            {
                await SyncAsync(file);
            }
            catch (FileOperationException e)
            {
                StorageTracing.Failed(span, e);
                throw await GiveUpAsync(e);
            }

            _durable = true;
            await parts.Steps.ReachAsync(StorageSteps.AfterSync);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public Task FinishAsync(CancellationToken cancellationToken) => SyncAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_direct is { } direct) await direct.DisposeAsync();
        parts.Writers.Leave(this);
        Settle(_promised);
        try
        {
            await _writeback;
        }
        catch (FileOperationException e)
        {
            // Nothing was promised about these bytes: the next writer cuts back to what was synced.
            FileSystemBlobStore.LogWritebackFailed(parts.Logger, e, location);
        }

        _file?.Dispose();
    }

    private SafeFileHandle TakeTurn()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_fenced || !_turn.Wait(0))
        {
            throw _fenced
                ? TakenOver()
                : new InvalidOperationException("A writer is not for concurrent use.");
        }

        if (_syncFailure is null) return _file!;
        _turn.Release();
        throw _syncFailure;
    }

    private async ValueTask WriteCachedAsync(SafeFileHandle file, ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        if (parts.Pressure.IsHigh) await parts.Writes.RunAsync((this, file, bytes), static work => work.Item1.Write(work.file, work.bytes), cancellationToken);
        else Write(file, bytes);
        Position += bytes.Length;
        SettleUpTo(Position);
        if (Position - _writebackFrom >= Window) await StartWritebackAsync(file);
    }

    private async ValueTask WriteDirectAsync(SafeFileHandle file, DirectAppend direct, ReadOnlySequence<byte> bytes)
    {
        try
        {
            await direct.WriteAsync(bytes);
            Position = direct.Position;
            SettleUpTo(direct.Standing);
        }
        catch (FileOperationException)
        {
            await EndDirectAsync(direct);
            throw;
        }

        if (Position - _writebackFrom >= parts.Direct.SyncEvery && _writeback.IsCompleted) await StartSyncAsync(file);
    }

    // The disk keeps what it was given in a cache of its own, and the sync at the end would wait for all of it.
    private async ValueTask StartSyncAsync(SafeFileHandle file)
    {
        await WrittenBackAsync();
        _writebackFrom = Position;
        _writeback = parts.Direct.Lane.RunAsync((parts.Files, file), static work => work.Files.Sync(work.file), CancellationToken.None);
    }

    // Up to the next whole page through the cache; what is behind it is for the direct writes. Nothing changes where there are none.
    private async ValueTask<ReadOnlySequence<byte>> GoDirectAsync(SafeFileHandle file, ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        var head = -Position & (DirectIo.Alignment - 1);
        if (bytes.Length <= head) return bytes;

        // Where there is no place, it looks again after as many bytes.
        _cachedFrom = Position;
        if (!parts.Direct.TryEnter()) return bytes;

        SafeFileHandle? opened = null;
        IReadOnlyList<AlignedBlock>? memory = null;
        try
        {
            opened = await parts.Writes.RunAsync((parts.Files, file), static work => work.Files.OpenDirect(work.file), CancellationToken.None);
            if (opened is null || (memory = parts.Direct.TryMap()) is null) return bytes;
            if (head > 0) await WriteCachedAsync(file, bytes.Slice(0, head), cancellationToken);
            _direct = new DirectAppend(parts.Files, parts.Direct, memory, opened, file, Position);
            return bytes.Slice(head);
        }
        finally
        {
            if (_direct is null)
            {
                foreach (IDisposable block in memory ?? []) block.Dispose();
                opened?.Dispose();
                parts.Direct.Leave();
            }
        }
    }

    private void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes)
    {
        var began = parts.Pressure.Begin();
        parts.Files.Write(file, bytes, Position);
        parts.Pressure.Observe(began);
    }

    // Waits for the window before the last, then has the disk start on the last: a client faster than the disk is slowed here, not in the kernel.
    private async ValueTask StartWritebackAsync(SafeFileHandle file)
    {
        await WrittenBackAsync();
        var (from, length) = (_writebackFrom, Position - _writebackFrom);
        _writebackFrom = Position;
        _writeback = parts.Writes.RunAsync((parts.Files, file, from, length), static work =>
        {
            work.Files.StartWriteback(work.file, work.from, work.length);
            var before = Math.Max(0, work.from - Window);
            if (before < work.from) work.Files.AwaitWriteback(work.file, before, work.from - before);
        }, CancellationToken.None);
    }

    private async ValueTask WrittenBackAsync()
    {
        try
        {
            await _writeback;
        }
        catch (FileOperationException e)
        {
            throw await GiveUpAsync(e);
        }
    }

    // The writer goes on through the cache, behind what direct writes brought into the file.
    private async Task EndDirectAsync(DirectAppend direct)
    {
        _direct = null;
        await direct.DisposeAsync();
        Position = _cachedFrom = _writebackFrom = direct.Standing;
        SettleUpTo(Position);
    }

    private async Task FlushAsync(DirectAppend direct)
    {
        try
        {
            await direct.FlushAsync();
        }
        finally
        {
            await EndDirectAsync(direct);
        }
    }

    private async Task SyncAsync(SafeFileHandle file)
    {
        await _writeback;
        if (_direct is { } direct) await FlushAsync(direct);
        if (!_entryDurable && directory.Failures != _directoryFailures)
            throw new FileOperationException("fsync of the directory, made earlier for another entry, of", location, Errno.Io);

        // Side by side: a journal takes both in one commit.
        var entry = _entryDurable ? Task.CompletedTask : directory.SyncAsync();
        var content = parts.Writes.RunAsync((this, file), static work => work.Item1.Sync(work.file), CancellationToken.None);
        await Task.WhenAll(content, entry);
        _entryDurable = true;
    }

    private void Sync(SafeFileHandle file)
    {
        // A write that failed may have left a part of its bytes.
        if (_writeFailure is not null) parts.Files.Truncate(file, Position);
        parts.Files.Sync(file);
    }

    // The kernel reports a failed write once and may forget the bytes: trying again could succeed without them.
    private async Task<IOException> GiveUpAsync(FileOperationException failure)
    {
        FileSystemBlobStore.LogSyncFailed(parts.Logger, failure, location, Position);
        return _syncFailure = await parts.TranslateAsync(failure);
    }

    private void SettleUpTo(long offset)
    {
        Settle(offset - _settledUpTo);
        _settledUpTo = offset;
    }

    private void Settle(long bytes)
    {
        var settled = Math.Min(bytes, _promised);
        if (settled <= 0) return;
        _promised -= settled;
        parts.Admission.Settle(settled);
    }
}
