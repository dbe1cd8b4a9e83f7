using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Appends to one file. Bytes are copied into the page cache on the caller's thread; the disk starts on them every 8 MiB, two such windows
/// behind at most, so that neither memory nor the final fsync grows with the blob.
/// </summary>
internal sealed class FileBlobWriter(StoreParts parts, DirectorySync directory, string location, long start) : IBlobWriter
{
    private const long Window = 8L << 20;

    // Taken while the writer opens or works; kept for good by whoever fences it off.
    private readonly SemaphoreSlim _turn = new(0, 1);
    private readonly Lock _opening = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _begun;
    private bool _retired;
    private readonly int _directoryFailures = directory.Failures;
    private SafeFileHandle? _file;
    private Task _writeback = Task.CompletedTask;
    private long _writebackFrom = start;
    private long _promised;
    private bool _entryDurable = start > 0;
    private bool _durable;
    private IOException? _writeFailure;
    private IOException? _syncFailure;
    private volatile bool _fenced;
    private volatile bool _disposed;

    /// <summary>The location it appends to.</summary>
    public string Location => location;

    /// <summary>The writer that was at the location before, until it can write no more.</summary>
    public FileBlobWriter? Predecessor { get; set; }

    /// <inheritdoc/>
    public long Position { get; private set; } = start;

    /// <summary>Opens the file, once its predecessor can write no more.</summary>
    public async Task OpenAsync(string path, long declared, CancellationToken cancellationToken)
    {
        parts.Writers.Enter(this);
        var predecessorGone = Predecessor?.FenceAsync() ?? Task.CompletedTask;
        try
        {
            await predecessorGone.WaitAsync(cancellationToken);
            BeginToOpen();
            await parts.Writes.RunAsync((this, path, declared), static work => work.Item1.Open(work.path, work.declared), cancellationToken);
            _opened.SetResult();
            _turn.Release();
        }
        catch
        {
            _opened.TrySetResult();
            _ = AbandonAsync(predecessorGone);
            throw;
        }
    }

    /// <summary>
    /// Keeps a writer that has not opened its file yet from opening it; completes when none is being opened. What an open file still takes
    /// goes with it.
    /// </summary>
    public Task RetireAsync()
    {
        lock (_opening)
        {
            _retired = true;
            if (_begun) return _opened.Task;
        }

        return Predecessor?.RetireAsync() ?? Task.CompletedTask;
    }

    /// <summary>Completes when nothing is being written by this writer and never will be again.</summary>
    public Task FenceAsync()
    {
        _fenced = true;
        return _turn.WaitAsync();
    }

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
                if (parts.Pressure.IsHigh) await parts.Writes.RunAsync((this, file, bytes), static work => work.Item1.Write(work.file, work.bytes), cancellationToken);
                else Write(file, bytes);
            }
            catch (FileOperationException e)
            {
                throw _writeFailure = await parts.TranslateAsync(e);
            }

            Position += bytes.Length;
            Settle(bytes.Length);
            if (Position - _writebackFrom >= Window) await StartWritebackAsync(file);
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
            await parts.Steps.ReachAsync(StorageSteps.BeforeSync);
            try
            {
                await SyncAsync(file);
            }
            catch (FileOperationException e)
            {
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
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
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

    // A successor has to wait for the predecessor too, even though this writer gave up waiting.
    private async Task AbandonAsync(Task predecessorGone)
    {
        await predecessorGone;
        _turn.Release();
        await DisposeAsync();
    }

    private StorageUnavailableException TakenOver() => new($"Another writer has taken over '{location}'.");

    private void BeginToOpen()
    {
        lock (_opening)
        {
            if (_retired) throw new BlobMissingException(location, $"The location '{location}' was removed before it was opened.");
            if (_fenced) throw TakenOver();
            _begun = true;
            Predecessor = null;
        }
    }

    private void Open(string path, long declared)
    {
        var (files, offset) = (parts.Files, Position);
        parts.Admission.Promise(declared);
        _promised = declared;
        _file = offset == 0 ? Create(path) : OpenExisting(path);
        var length = files.Length(_file);
        if (length < offset)
            throw new BlobMissingException(location, $"The location '{location}' ends at {length}, before {offset} bytes that were synced.");
        if (length > offset) files.Truncate(_file, offset);
        RequireIdentity();
    }

    // Another store mounted in this one's place takes files just as well, and would keep what is promised here. Looked at after the file is
    // open: from then on its bytes go where it was opened.
    private void RequireIdentity()
    {
        try
        {
            parts.Identity.Require();
        }
        catch (StorageUnavailableException e)
        {
            FileSystemBlobStore.LogIdentityLost(parts.Logger, e);
            throw;
        }
    }

    private SafeFileHandle Create(string path)
    {
        try
        {
            return parts.Files.Create(path);
        }
        catch (FileOperationException e) when (e.Errno == Errno.Exists)
        {
            // The upload's own earlier attempt, of which nothing was synced: its bytes are cut off.
            return parts.Files.OpenWrite(path);
        }
    }

    private SafeFileHandle OpenExisting(string path)
    {
        try
        {
            return parts.Files.OpenWrite(path);
        }
        catch (FileOperationException e) when (e.IsAbsent)
        {
            throw new BlobMissingException(location, $"The location '{location}' is absent.");
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
        try
        {
            await _writeback;
        }
        catch (FileOperationException e)
        {
            throw await GiveUpAsync(e);
        }

        var (from, length) = (_writebackFrom, Position - _writebackFrom);
        _writebackFrom = Position;
        _writeback = parts.Writes.RunAsync((parts.Files, file, from, length), static work =>
        {
            work.Files.StartWriteback(work.file, work.from, work.length);
            var before = Math.Max(0, work.from - Window);
            if (before < work.from) work.Files.AwaitWriteback(work.file, before, work.from - before);
        }, CancellationToken.None);
    }

    private async Task SyncAsync(SafeFileHandle file)
    {
        await _writeback;
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

    private void Settle(long bytes)
    {
        var settled = Math.Min(bytes, _promised);
        if (settled == 0) return;
        _promised -= settled;
        parts.Admission.Settle(settled);
    }
}
