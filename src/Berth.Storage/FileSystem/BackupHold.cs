using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Keeps bytes in place while a backup copies them, <c>DATA/backup.lock</c>: backups hold it together, from before the snapshot of the rows until
/// the last byte is copied; whoever removes locations holds it alone, for one batch at a time, and never waits for it.
/// </summary>
public sealed class BackupHold : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _file;

    private BackupHold(SafeFileHandle file) => _file = file;

    /// <summary>For a backup: waits until the batch of removals at work is done; none begins until this is disposed.</summary>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened or locked.</exception>
    public static async Task<BackupHold> TakeAsync(string dataFolder, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = Open(dataFolder);
        try
        {
            while (!FileLock.TryLock(file, exclusive: false)) await Task.Delay(Retry, time, cancellationToken);
            return new BackupHold(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>For a batch of removals: null while a backup copies, then the batch is put off. No backup begins until this is disposed.</summary>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened or locked.</exception>
    public static BackupHold? TryTakeForRemoval(string dataFolder)
    {
        var file = Open(dataFolder);
        try
        {
            if (FileLock.TryLock(file, exclusive: true)) return new BackupHold(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string dataFolder) => FileLock.Open(Path.Join(dataFolder, "backup.lock"));
}
