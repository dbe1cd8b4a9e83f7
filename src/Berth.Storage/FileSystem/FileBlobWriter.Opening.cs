using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>How a writer takes its place at a location, loses it to a successor, and is kept from a location that is being removed.</summary>
internal sealed partial class FileBlobWriter
{
    private readonly Lock _opening = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _begun;
    private bool _retired;

    /// <summary>The writer that was at the location before, until it can write no more.</summary>
    public FileBlobWriter? Predecessor { get; set; }

    /// <summary>Opens the file, once its predecessor can write no more and the caller still owns the location.</summary>
    public async Task OpenAsync(string path, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken)
    {
        parts.Writers.Enter(this);
        var predecessorGone = Predecessor?.FenceAsync() ?? Task.CompletedTask;
        try
        {
            await predecessorGone.WaitAsync(cancellationToken);
            await confirm();
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
    public async Task FenceAsync()
    {
        _fenced = true;
        await _turn.WaitAsync();
        if (_direct is { } direct) await direct.SettledAsync();
    }

    // A successor has to wait for the predecessor too, even though this writer gave up waiting.
    private async Task AbandonAsync(Task predecessorGone)
    {
        await predecessorGone;
        _turn.Release();
        await DisposeAsync();
    }

    private StorageUnavailableException TakenOver() => new($"Another writer has taken over '{location}'.") { IsTakenOver = true };

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
}
