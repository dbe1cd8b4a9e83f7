using Berth.Storage.FileSystem.Operations;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// A preallocated file whose bytes are given back to a full volume, so that deletions, garbage collection and the database's checkpoints go
/// on; pushes stop until it is taken back. One per volume.
/// </summary>
public sealed partial class ReserveFile : IDisposable
{
    private readonly IFileOperations _files;
    private readonly IoLane _lane;
    private readonly bool _ownsLane;
    private readonly string _path;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _held;

    private ReserveFile(IFileOperations files, IoLane lane, bool ownsLane, string path, long bytes, ILogger logger)
    {
        _files = files;
        _lane = lane;
        _ownsLane = ownsLane;
        _path = path;
        _logger = logger;
        Bytes = bytes;
    }

    /// <summary>Its size in bytes when it is held: what was asked for, or an eighth of a small volume.</summary>
    public long Bytes { get; }

    /// <summary>Whether it is in place.</summary>
    public bool IsHeld => _held;

    /// <summary>
    /// Makes the file or finds the one that stands. Where the volume has no room for it, it is not held, and <see cref="TryTakeBackAsync"/>
    /// is to be called from time to time.
    /// </summary>
    /// <param name="path">The file, in a folder that is there.</param>
    /// <param name="bytes">Its size; 0 sets nothing aside.</param>
    /// <param name="logger">Is told when it is given free and taken back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageUnavailableException">The volume does not answer.</exception>
    public static Task<ReserveFile> OpenAsync(string path, long bytes, ILogger logger, CancellationToken cancellationToken) =>
        OpenAsync(PosixFileOperations.Instance, new IoLane("reserve", 1), ownsLane: true, path, bytes, logger, cancellationToken);

    /// <summary>Gives its bytes back to the volume. Pushes to this volume stop until it is taken back.</summary>
    /// <param name="reason">What needed the room, for the log.</param>
    /// <param name="cancellationToken">Ends the wait for another caller.</param>
    public async Task ReleaseAsync(string reason, CancellationToken cancellationToken)
    {
        if (!_held || Bytes == 0) return;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_held) return;
            _held = false;
            await _lane.RunAsync(this, static reserve => reserve.Empty(), CancellationToken.None);
            LogReleased(_path, Bytes, reason);
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Takes the bytes again when the volume has them and a margin besides. True when the reserve is held afterwards.</summary>
    /// <exception cref="StorageUnavailableException">The volume does not answer.</exception>
    public Task<bool> TryTakeBackAsync(CancellationToken cancellationToken) => TryTakeBackBesidesAsync(0, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsLane) _lane.Dispose();
        _gate.Dispose();
    }

    internal static async Task<ReserveFile> OpenAsync(
        IFileOperations files, IoLane lane, bool ownsLane, string path, long bytes, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            var space = await lane.RunAsync((files, folder), static at => at.files.Space(at.folder), cancellationToken);
            var capped = Math.Min(bytes, space.Total / 8);
            var reserve = new ReserveFile(files, lane, ownsLane, path, capped, logger);
            if (!await reserve.TryTakeBackBesidesAsync(0, cancellationToken)) reserve.LogNotHeld(path, capped);
            return reserve;
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
    }

    /// <summary>As the public one, with bytes besides that open writers were promised.</summary>
    internal async Task<bool> TryTakeBackBesidesAsync(long promised, CancellationToken cancellationToken)
    {
        if (_held) return true;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_held) return true;
            _held = Bytes == 0 || await _lane.RunAsync((this, promised), static work => work.Item1.Take(work.promised), cancellationToken);
            if (_held && Bytes > 0) LogHeld(_path, $"{Bytes >> 20} MiB");
            return _held;
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
        finally
        {
            _gate.Release();
        }
    }

    private SafeFileHandle OpenOrCreate()
    {
        try
        {
            return _files.OpenWrite(_path);
        }
        catch (FileOperationException e) when (e.IsAbsent)
        {
            return _files.Create(_path);
        }
    }

    private void Empty()
    {
        using var file = OpenOrCreate();
        _files.Truncate(file, 0);
        _files.Sync(file);
    }

    private bool Take(long promised)
    {
        try
        {
            using var file = OpenOrCreate();

            // A file that was copied here may be full of holes: the size alone says nothing.
            if (_files.Length(file) == Bytes && _files.AllocatedBytes(file) >= Bytes) return true;

            _files.Truncate(file, 0);
            var space = _files.Space(_path);
            return space.Free - promised - 2 * VolumeAdmission.MarginOf(space.Total) >= Bytes && Allocate(file);
        }
        catch (FileOperationException e) when (e.IsFull)
        {
            return false;
        }
    }

    private bool Allocate(SafeFileHandle file)
    {
        try
        {
            _files.Allocate(file, Bytes);
            _files.Sync(file);
            return true;
        }
        catch (FileOperationException e) when (e.IsFull)
        {
            _files.Truncate(file, 0);
            return false;
        }
    }
}
