using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;

namespace Berth.Server.Backups;

/// <summary>
/// A backup is a data folder: a snapshot of the rows and the bytes that they name. It is taken beside a running server: a hold keeps garbage
/// collection from removing bytes until they are copied.
/// </summary>
internal sealed class Backup(ServerOptions options, string target, ISteps steps)
{
    private readonly string _data = Path.GetFullPath(options.Data);

    /// <summary>Makes the backup, or brings the one that is there up to date.</summary>
    /// <exception cref="CannotStartException">A folder is not what it should be, or in use; the message says what to do.</exception>
    public async Task<BlobCopyResult> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Metadata.Kind != MetadataKind.Sqlite)
            throw new CannotStartException($"Metadata:Kind is {options.Metadata.Kind}; berth backup copies a data folder. A database is backed up by its own tools: docs/user/backup-postgresql.md.");
        DataFolder.RequireInstallation(_data, $"There is no installation in {_data}; name its data folder with --data.");
        if (_data == target) throw new CannotStartException($"{target} is the data folder itself; name another folder with --to.");
        var draft = new SqliteDraft(DataFolder.BackupDraft(target));
        RequireTarget(draft);

        DataFolder.Ensure(target);
        using var targetLock = await Claims.LockAsync(target, Claims.Backup, cancellationToken);
        RequireTarget(draft);
        using var targetHold = Claims.HoldTarget(target);

        // From here on nothing that the snapshot names is removed until it is copied.
        using var sourceHold = await Claims.HoldSourceAsync(_data, cancellationToken);
        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        var copy = new FolderCopy(_data, options.Storage, target, draft, loggers, steps);
        var result = await copy.RunAsync(static (_, _) => Task.CompletedTask, cancellationToken);

        // Only the old rows named these bytes: they go when nobody can ask for the old rows any more.
        await copy.PruneAsync(cancellationToken);
        return result;
    }

    private void RequireTarget(SqliteDraft draft)
    {
        if (!DataFolder.IsVacant(target) && !DataFolder.HoldsInstallation(target) && !draft.Exists)
            throw new CannotStartException($"{target} holds something that is no backup; name an empty folder, or one that holds a backup.");
    }
}
