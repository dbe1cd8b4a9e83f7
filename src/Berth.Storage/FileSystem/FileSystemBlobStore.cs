using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Berth.Oci;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Blobs as files of one folder, <c>blobs/ab/&lt;32 hex&gt;</c>, each written in place under the name it keeps: the row that names it is
/// committed first, so nothing is ever renamed.
/// </summary>
public sealed partial class FileSystemBlobStore : IBlobStore
{
    // Enough for many clients to share a journal commit; a thread that waits for a disk costs its stack alone.
    private const int LaneThreads = 32;
    private const int ListBatch = 512;

    // So many locations in a row lie in one folder: uploads at the same time share the fsync of its entries.
    private const int Neighbours = 64;

    private readonly StoreParts _parts;
    private readonly string _root;
    private readonly string[] _folders;
    private readonly DirectorySync[] _directories;
    private uint _named = (uint)RandomNumberGenerator.GetInt32(BlobLocation.FanOut * Neighbours);

    private FileSystemBlobStore(StoreParts parts, string root)
    {
        _parts = parts;
        _root = root;
        _folders = FoldersOf(root);
        _directories = Array.ConvertAll(_folders, folder => new DirectorySync(parts.Files, parts.Writes, folder));
    }

    /// <summary>The reserve of the store's volume: released when the database finds the same volume full, taken back by maintenance.</summary>
    public ReserveFile Reserve => _parts.Reserve;

    /// <summary>Opens the store, and makes it first where there is none, durably, up to the folder that holds its data folder.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="time">Measures how long writes take.</param>
    /// <param name="steps">Points for tests.</param>
    /// <param name="logger">Is told of failures of the disk.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageUnavailableException">The folder cannot be made or read.</exception>
    public static Task<FileSystemBlobStore> OpenAsync(
        FileSystemOptions options, TimeProvider time, ISteps steps, ILogger<FileSystemBlobStore> logger, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            throw new PlatformNotSupportedException("The file system store needs Linux on a 64-bit x86 or Arm processor.");
        return OpenAsync(options, PosixFileOperations.Instance, time, steps, logger, cancellationToken);
    }

    /// <inheritdoc/>
    public bool ReadsUnfinished => true;

    /// <inheritdoc/>
    public bool WritersShareBytes => true;

    /// <inheritdoc/>
    public string NewLocation() => BlobLocation.New((byte)(Interlocked.Increment(ref _named) / Neighbours));

    /// <inheritdoc/>
    public Task<string?> ReadIdentityAsync(CancellationToken cancellationToken) =>
        AskAsync(_parts.Reads, _parts.Identity, static identity => identity.Read(), cancellationToken);

    /// <inheritdoc/>
    public Task WriteIdentityAsync(string identity, CancellationToken cancellationToken) =>
        AskAsync(_parts.Writes, (_parts.Identity, identity), static work =>
        {
            work.Identity.Write(work.identity);
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public async Task<IBlobWriter> AppendAsync(
        string location, long offset, string? checkpoint, long epoch, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken)
    {
        var folder = BlobLocation.FolderOf(location);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(declared);
        using var span = StorageTracing.Start("storage.append", location);
        _parts.RequireReserve();

        var writer = new FileBlobWriter(_parts, _directories[folder], location, offset);
        try
        {
            await writer.OpenAsync(PathOf(folder, location), declared, confirm, cancellationToken);
            return writer;
        }
        catch (Exception e) when (StorageTracing.Failed(span, e))
        {
            throw;
        }
        catch (BlobMissingException)
        {
            await RequireIdentityAsync();
            throw;
        }
        catch (FileOperationException e)
        {
            throw await _parts.TranslateAsync(e);
        }
    }

    /// <inheritdoc/>
    public async Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var folder = BlobLocation.FolderOf(location);
        using var span = StorageTracing.Start("storage.open", location);
        SafeFileHandle? file = null;
        try
        {
            var path = PathOf(folder, location);
            file = _parts.Files.OpenReadNow(path)
                ?? await _parts.Reads.RunAsync((_parts.Files, path), static work => work.Files.OpenRead(work.path), cancellationToken);
            var length = _parts.Files.Length(file);
            if (length == size) return new FileBlobReader(_parts, file, location, length);

            file.Dispose();
            await RequireIdentityAsync();
            throw new BlobMissingException(location, $"The location '{location}' holds {length} bytes, not {size}.");
        }
        catch (Exception e) when (StorageTracing.Failed(span, e))
        {
            throw;
        }
        catch (FileOperationException e)
        {
            file?.Dispose();
            if (!e.IsAbsent) throw StorageErrors.Translate(e);
            await RequireIdentityAsync();
            throw new BlobMissingException(location, $"The location '{location}' is absent.");
        }
    }

    /// <inheritdoc/>
    public async Task SyncAsync(string location, CancellationToken cancellationToken)
    {
        var folder = BlobLocation.FolderOf(location);
        using var span = StorageTracing.Start("storage.sync", location);
        try
        {
            await _parts.Writes.RunAsync((_parts.Files, PathOf(folder, location)), static work =>
            {
                using var file = work.Files.OpenWrite(work.Item2);
                work.Files.Sync(file);
            }, cancellationToken);
            await _directories[folder].SyncAsync();
        }
        catch (Exception e) when (StorageTracing.Failed(span, e))
        {
            throw;
        }
        catch (FileOperationException e)
        {
            if (!e.IsAbsent) throw StorageErrors.Translate(e);
            await RequireIdentityAsync();
            throw new BlobMissingException(location, $"The location '{location}' is absent.");
        }
    }

    /// <inheritdoc/>
    public async Task<bool> IsAtRestAsync(string location, long size, CancellationToken cancellationToken)
    {
        if (_parts.Writers.IsOpen(location)) return false;
        try
        {
            await using var reader = await OpenAsync(location, size, cancellationToken);
            return true;
        }
        catch (BlobMissingException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var folder = BlobLocation.FolderOf(location);
        using var span = StorageTracing.Start("storage.delete", location);
        await _parts.Steps.ReachAsync(StorageSteps.BeforeUnlink);
        try
        {
            var path = PathOf(folder, location);
            await _parts.Writers.RetireAsync(location);
            var found = await _parts.Writes.RunAsync((_parts.Files, path), static work => work.Files.Unlink(work.path), cancellationToken);
            if (!found) await RequireIdentityAsync();

            // The caller forgets the location next: one that came back after a loss of power would never be found again.
            await _directories[folder].SyncAsync();
        }
        catch (Exception e) when (StorageTracing.Failed(span, e))
        {
            throw;
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }

        await _parts.Steps.ReachAsync(StorageSteps.AfterUnlink);
    }

    /// <inheritdoc/>
    public ValueTask<Uri?> LinkAsync(string location, TimeSpan lifetime, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new List<FileEntry>(ListBatch);
        for (var folder = 0; folder < BlobLocation.FanOut; folder++)
        {
            using var entries = _parts.Files.List(_folders[folder]).GetEnumerator();
            bool more;
            do
            {
                batch.Clear();
                more = await AskAsync(_parts.Reads, (entries, batch), static work => Fill(work.entries, work.batch), cancellationToken);
                foreach (var entry in batch)
                {
                    var location = $"{BlobLocation.FolderName(folder)}/{entry.Name}";
                    if (BlobLocation.IsValid(location)) yield return new StoredBlob(location, entry.Size, entry.ModifiedAt);
                    else LogStrayFile(_parts.Logger, _folders[folder], entry.Name);
                }
            }
            while (more);
        }
    }

    /// <inheritdoc/>
    public StorageSpace? Space()
    {
        try
        {
            var (total, free) = _parts.Admission.Read();
            return new StorageSpace(total, _parts.Reserve.IsHeld ? free : 0, _parts.Reserve.IsHeld);
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
    }

    /// <summary>Takes the reserve back once the volume has room for it and for what open writers were promised; pushes go on when it is held.</summary>
    /// <exception cref="StorageUnavailableException">The volume does not answer.</exception>
    public Task<bool> TryTakeReserveBackAsync(CancellationToken cancellationToken) =>
        _parts.Reserve.TryTakeBackBesidesAsync(_parts.Admission.Promised, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _parts.Reserve.Dispose();
        _parts.Direct.Dispose();
        _parts.Writes.Dispose();
        _parts.Reads.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static async Task<FileSystemBlobStore> OpenAsync(
        FileSystemOptions options, IFileOperations files, TimeProvider time, ISteps steps, ILogger logger, CancellationToken cancellationToken)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Root));
        var writes = new IoLane("write", LaneThreads);
        var reads = new IoLane("read", LaneThreads);
        try
        {
            var identity = new StoreIdentity(files, root);
            await AskAsync(writes, (files, root, identity), static work =>
            {
                Lay(work.files, work.root, work.identity);
                return true;
            }, cancellationToken);
            var reserve = await ReserveFile.OpenAsync(
                files, writes, ownsLane: false, Path.Join(root, "reserve"), options.ReserveBytes, logger, cancellationToken);
            var parts = new StoreParts(
                files, writes, reads, identity, reserve, new VolumeAdmission(files, root), new WritePressure(time), options.Direct ?? DirectIo.Default(), new OpenWriters(), steps, logger);
            LogOpened(logger, root, reserve.IsHeld ? "held" : "not held");
            return new FileSystemBlobStore(parts, root);
        }
        catch
        {
            writes.Dispose();
            reads.Dispose();
            throw;
        }
    }

    // A store without identity may be one whose making was cut short: all of it is synced again. Folders that a copy left out come back.
    private static void Lay(IFileOperations files, string root, StoreIdentity identity)
    {
        DurableDirectory.Create(files, root);
        var blobs = Path.Join(root, "blobs");
        var made = files.MakeDirectory(blobs);
        foreach (var folder in FoldersOf(root)) made |= files.MakeDirectory(folder);
        if (made || identity.Read() is null) DurableDirectory.SyncUp(files, blobs, levels: 4);
    }

    private static string[] FoldersOf(string root) =>
        [.. Enumerable.Range(0, BlobLocation.FanOut).Select(folder => Path.Join(root, "blobs", BlobLocation.FolderName(folder)))];

    private static bool Fill(IEnumerator<FileEntry> entries, List<FileEntry> batch)
    {
        while (batch.Count < ListBatch)
        {
            if (!entries.MoveNext()) return false;
            batch.Add(entries.Current);
        }

        return true;
    }

    private static async Task<TResult> AskAsync<TState, TResult>(
        IoLane lane, TState state, Func<TState, TResult> work, CancellationToken cancellationToken)
    {
        try
        {
            return await lane.RunAsync(state, work, cancellationToken);
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
    }

    private string PathOf(int folder, string location) => Path.Join(_folders[folder], location.AsSpan(3));

    private async Task RequireIdentityAsync()
    {
        try
        {
            await AskAsync(_parts.Reads, _parts.Identity, static identity =>
            {
                identity.Require();
                return true;
            }, CancellationToken.None);
        }
        catch (StorageUnavailableException e)
        {
            LogIdentityLost(_parts.Logger, e);
            throw;
        }
    }
}
