using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Keeps bytes in place while they are copied, <c>DATA/backup.lock</c>. Who copies out of the folder (a backup of it, a restore from it) holds it
/// with others, from before the snapshot of the rows until the last byte is copied. Who removes locations holds it alone and never waits for it:
/// garbage collection for one batch at a time, a backup into the folder from its beginning to its end.
/// </summary>
public sealed class BackupHold : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _file;

    private BackupHold(SafeFileHandle file) => _file = file;

    /// <summary>For a copy: waits until the batch of removals at work is done; none begins until this is disposed.</summary>
    /// <exception cref="DataFolderInUseException">A removal is at work that takes longer: what <paramref name="isLong"/> says of the folder's holder.</exception>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened or locked.</exception>
    public static async Task<BackupHold> TakeAsync(
        string dataFolder, Func<DataFolderHolder, bool> isLong, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            var holder = DataFolderLock.LastHolder(dataFolder);
            if (TryTake(dataFolder, exclusive: false) is { } hold) return hold;
            if (holder is not null && isLong(holder)) throw new DataFolderInUseException(dataFolder, holder);
            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    /// <summary>For removals: null while something is being copied, then they are put off. No copy begins until this is disposed.</summary>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened or locked.</exception>
    public static BackupHold? TryTakeForRemoval(string dataFolder) => TryTake(dataFolder, exclusive: true);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static BackupHold? TryTake(string dataFolder, bool exclusive)
    {
        var file = FileLock.Open(Path.Join(dataFolder, "backup.lock"));
        try
        {
            if (FileLock.TryLock(file, exclusive)) return new BackupHold(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }
}
