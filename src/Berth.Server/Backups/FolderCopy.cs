using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Commands;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.LocalFiles;
using Berth.Storage;
using Berth.Storage.FileSystem;

namespace Berth.Server.Backups;

/// <summary>
/// Makes one data folder the copy of another. The rows come first, as a draft; the bytes that they name and the certificates follow; at last the
/// draft takes the database's name. So the target holds what it held before, or all of the copy, whenever the process is ended, and a copy
/// that begins anew finds the bytes that the ended one brought.
/// </summary>
/// <param name="from">The source, whose bytes are held in place.</param>
/// <param name="bytes">Where the source has its bytes.</param>
/// <param name="to">The target, locked.</param>
/// <param name="draft">The rows in the making.</param>
/// <param name="loggers">For the stores.</param>
/// <param name="steps">Points for tests.</param>
internal sealed class FolderCopy(string from, StorageOptions bytes, string to, SqliteDraft draft, ILoggerFactory loggers, ISteps steps)
{
    /// <summary>Copies everything.</summary>
    /// <param name="finish">What else the rows need before they are the target's, and what the bytes beside them do.</param>
    /// <param name="cancellationToken">Ends the work; a later call begins anew.</param>
    /// <exception cref="CannotStartException">The two belong to different installations, or rows and bytes of the source do.</exception>
    public async Task<BlobCopyResult> RunAsync(Func<RelationalMetadataStore, BlobCopy, Task> finish, CancellationToken cancellationToken)
    {
        await using var source = await BlobStores.OpenAsync(bytes, FilesOf(from), TimeProvider.System, loggers, cancellationToken);
        var resumed = draft.Exists;
        if (resumed || DataFolder.HoldsInstallation(to)) await RequireOneInstallationAsync(source, cancellationToken);
        await steps.ReachAsync(CopySteps.Claimed);

        draft.Begin();
        await steps.ReachAsync(CopySteps.Begun);
        await draft.FillAsync(new SqliteOptions { Path = Stores.DatabasePath(from) }, cancellationToken);
        await steps.ReachAsync(CopySteps.Filled);
        var result = await CompleteAsync(source, resumed, finish, cancellationToken);
        await steps.ReachAsync(CopySteps.Closed);
        await draft.PublishAsync(Stores.DatabasePath(to), steps);
        await steps.ReachAsync(CopySteps.Published);
        return result;
    }

    /// <summary>Removes the bytes that the target's rows do not name.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        await using var rows = await OpenRowsAsync(Stores.DatabasePath(to), cancellationToken);
        await using var target = await OpenBlobsAsync(to, cancellationToken);
        await new BlobCopy(rows, target, target, resumed: false).PruneAsync(cancellationToken);
    }

    private async Task<BlobCopyResult> CompleteAsync(
        IBlobStore source, bool resumed, Func<RelationalMetadataStore, BlobCopy, Task> finish, CancellationToken cancellationToken)
    {
        await using var rows = await OpenRowsAsync(draft.Path, cancellationToken);
        await using var target = await OpenBlobsAsync(to, cancellationToken);
        var installation = await rows.FindInstallationAsync(cancellationToken) ?? throw new CannotStartException($"The database in {from} holds no installation.");
        if (await source.ReadIdentityAsync(cancellationToken) != installation.StoreId)
            throw new CannotStartException($"The blob store of {from} does not belong to its metadata: mount the right volume, or name the right bucket.");
        if (await target.ReadIdentityAsync(cancellationToken) is null) await target.WriteIdentityAsync(installation.StoreId, cancellationToken);

        var copy = new BlobCopy(rows, source, target, resumed);
        var result = await ByteProgress.RunAsync("copying blobs", progress => copy.RunAsync(progress, cancellationToken));
        await steps.ReachAsync(CopySteps.BlobsCopied);
        await TlsCopy.CopyAsync(from, to, steps);
        await steps.ReachAsync(CopySteps.CertificatesCopied);
        await finish(rows, copy);
        if (rows.Faulted.IsCompleted) throw await rows.Faulted;
        return result;
    }

    // Bytes of another installation would be pruned.
    private async Task RequireOneInstallationAsync(IBlobStore source, CancellationToken cancellationToken)
    {
        await using var target = await OpenBlobsAsync(to, cancellationToken);
        if (await target.ReadIdentityAsync(cancellationToken) is { } identity && identity != await source.ReadIdentityAsync(cancellationToken))
            throw new CannotStartException($"{to} belongs to another installation than {from}; name another folder.");
    }

    private Task<RelationalMetadataStore> OpenRowsAsync(string path, CancellationToken cancellationToken) => SqliteMetadataStore.OpenAsync(
        new SqliteOptions { Path = path, ReadLimit = null }, TimeProvider.System, steps, loggers.CreateLogger<RelationalMetadataStore>(), cancellationToken);

    private Task<FileSystemBlobStore> OpenBlobsAsync(string data, CancellationToken cancellationToken) => FileSystemBlobStore.OpenAsync(
        FilesOf(data), TimeProvider.System, steps, loggers.CreateLogger<FileSystemBlobStore>(), cancellationToken);

    private static FileSystemOptions FilesOf(string data) => new() { Root = Stores.BlobRoot(data), ReserveBytes = 0 };
}
