using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;

namespace Berth.Server.Backups;

/// <summary>Makes a data folder from a backup. Until all of it is there, the folder has no database, and nothing serves it.</summary>
internal sealed class Restore(ServerOptions options, string source, ISteps steps)
{
    private readonly string _data = Path.GetFullPath(options.Data);

    /// <summary>Makes the data folder, or goes on with one that an ended restore left.</summary>
    /// <exception cref="CannotStartException">A folder is not what it should be, or in use; the message says what to do.</exception>
    public async Task<BlobCopyResult> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Metadata.Kind != MetadataKind.Sqlite)
            throw new CannotStartException($"Metadata:Kind is {options.Metadata.Kind}; a restore from a folder brings rows back into a data folder. A database is restored by its own tools: docs/user/backup-postgresql.md.");
        if (options.Storage.Kind != StorageKind.FileSystem)
        {
            throw new CannotStartException(
                $"Storage:Kind is {options.Storage.Kind}; a restore brings bytes back into the data folder: allowed is FileSystem. Serve what it makes with FileSystem, too.");
        }

        DataFolder.RequireInstallation(source, $"{source} holds no backup; name the folder that berth backup wrote.");
        var draft = new SqliteDraft(DataFolder.RestoreDraft(_data));
        RequireTarget(draft);

        DataFolder.Ensure(_data);
        using var dataLock = await Claims.LockAsync(_data, Claims.Restore, cancellationToken);
        RequireTarget(draft);
        using var sourceHold = await Claims.HoldSourceAsync(source, cancellationToken);
        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        return await new FolderCopy(source, new StorageOptions(), _data, draft, loggers, steps).RunAsync(
            async (rows, copy) =>
            {
                // What an ended restore of older rows brought.
                await copy.PruneAsync(cancellationToken);
                await rows.MarkRestoredAsync(cancellationToken);
            },
            cancellationToken);
    }

    private void RequireTarget(SqliteDraft draft)
    {
        if (DataFolder.HoldsInstallation(_data) || !(draft.Exists || DataFolder.IsVacant(_data)))
            throw new CannotStartException($"{_data} is not empty; name an absent or empty folder with --data.");
    }
}
