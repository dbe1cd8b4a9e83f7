using Berth.Storage.FileSystem;

namespace Berth.Server.Backups;

/// <summary>What keeps others off the two folders of a copy.</summary>
internal static class Claims
{
    /// <summary>What a backup calls itself in its target's lock.</summary>
    public const string Backup = "berth backup";

    /// <summary>What a restore calls itself in its target's lock.</summary>
    public const string Restore = "berth restore";

    /// <summary>The lock of the target, which is written to.</summary>
    /// <exception cref="CannotStartException">Another process has it.</exception>
    public static async Task<DataFolderLock> LockAsync(string folder, string command, CancellationToken cancellationToken)
    {
        try
        {
            return await DataFolderLock.AcquireAsync(folder, command, TimeProvider.System, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CannotStartException(e.Message, e);
        }
    }

    /// <summary>Keeps the bytes of the source in place until they are copied; it may be served meanwhile.</summary>
    /// <exception cref="CannotStartException">A backup into the source is at work.</exception>
    public static async Task<BackupHold> HoldSourceAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await BackupHold.TakeAsync(folder, static holder => holder.Command == Backup, TimeProvider.System, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CannotStartException($"{e.Message} Try again when that backup is finished.", e);
        }
    }

    /// <summary>Keeps everybody from copying out of a backup while it is brought up to date.</summary>
    /// <exception cref="CannotStartException">Somebody copies out of it.</exception>
    public static BackupHold HoldTarget(string folder) => BackupHold.TryTakeForRemoval(folder)
        ?? throw new CannotStartException($"{folder} is being copied by a restore from it or a backup of it; try again when that is finished.");
}
