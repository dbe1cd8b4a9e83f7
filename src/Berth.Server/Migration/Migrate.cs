using Berth.Metadata.Moving;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Backups;
using Berth.Server.Commands;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;
using Berth.Storage;
using Berth.Storage.FileSystem;

namespace Berth.Server.Migration;

/// <summary>
/// Moves an installation out of its data folder, to a PostgreSQL database and an object store. Bytes are copied ahead while the folder is served, as often as one likes; the end copies what
/// is left and all rows while nobody is served. Whenever it is ended, either the folder is served or the target: docs/decisions/0033-moving-out-of-the-data-folder.md.
/// </summary>
/// <param name="options">The target's settings, and the data folder.</param>
/// <param name="verifies">Whether all bytes are read back from the new store.</param>
/// <param name="steps">Points for tests.</param>
internal sealed class Migrate(ServerOptions options, bool verifies, ISteps steps)
{
    // A store that is asked over a network answers many at once; together they stay far below what the parts' memory allows.
    private const int BlobsAtOnce = 16;

    private readonly string _data = Path.GetFullPath(options.Data);

    /// <summary>Where the rows go.</summary>
    public string Database { get; } = options.Metadata.Kind == MetadataKind.Postgres ? Stores.PostgresOf(options.Metadata).Place : "";

    /// <summary>Where the bytes go.</summary>
    public string Store { get; } = BlobStores.PlaceOf(options.Storage);

    /// <summary>Copies all bytes that are not there yet. The folder may be served meanwhile.</summary>
    /// <exception cref="CannotStartException">The folder or the target is not what it should be; the message says what to do.</exception>
    public async Task<MigrationResult> PrepareAsync(CancellationToken cancellationToken)
    {
        Require();
        using var claim = MigrationNote.Claim(_data);
        var note = FindNote();
        if (note.State == MigrationState.Finished) throw new CannotStartException(note.Refusal(_data, servesFolder: true)!);
        await RequireEmptyAsync(note, cancellationToken);

        // The last step was cut off, and the target did not get the rows: whoever prepares again serves the folder again.
        if (note.State == MigrationState.Finishing) (note with { State = MigrationState.Preparing }).Write(_data);

        using var hold = await Claims.HoldSourceAsync(_data, cancellationToken);
        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        var draft = new SqliteDraft(DataFolder.MigrationDraft(_data));
        draft.Begin();
        try
        {
            await draft.FillAsync(new SqliteOptions { Path = Stores.DatabasePath(_data) }, cancellationToken);
            await using var rows = await OpenRowsAsync(draft.Path, loggers, cancellationToken);
            await using var files = await OpenFilesAsync(loggers, cancellationToken);
            await using var objects = await OpenObjectsAsync(loggers, cancellationToken);
            return await CopyAsync(rows, files, objects, note, cancellationToken);
        }
        finally
        {
            draft.Discard();
        }
    }

    /// <summary>Copies what is left and all rows; from then on the target is the installation, and the folder is not served.</summary>
    /// <exception cref="CannotStartException">The folder is being served, or it or the target is not what it should be; the message says what to do.</exception>
    /// <exception cref="MoveFailedException">The target has not what the folder has; nothing was changed there.</exception>
    public async Task<MigrationResult> FinishAsync(CancellationToken cancellationToken)
    {
        Require();
        using var claim = MigrationNote.Claim(_data);
        using var folder = await LockAsync(cancellationToken);
        var note = FindNote();
        var move = MoveOf(note);
        if (note.State == MigrationState.Finished || await move.ExamineAsync(cancellationToken) is var target && target == MoveTarget.Moved)
        {
            (note with { State = MigrationState.Finished }).Write(_data);
            return new MigrationResult(new BlobCopyResult(0, 0, 0)) { WasFinished = true };
        }

        if (target == MoveTarget.Occupied) throw Occupied();
        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        await using var objects = await OpenObjectsAsync(loggers, cancellationToken);
        MigrationResult result;
        await using (var rows = await OpenRowsAsync(Stores.DatabasePath(_data), loggers, cancellationToken))
        {
            await using var files = await OpenFilesAsync(loggers, cancellationToken);
            result = await CopyAsync(rows, files, objects, note, cancellationToken);
        }

        var moved = await StepProgress.RunAsync(begin => move.RunAsync(
            result.Seen!.Locations,
            begin,
            async () =>
            {
                (note with { State = MigrationState.Finishing }).Write(_data);
                await steps.ReachAsync(MigrateSteps.Noted);
            },
            cancellationToken));
        (note with { State = MigrationState.Finished }).Write(_data);
        await steps.ReachAsync(MigrateSteps.Finished);
        return result with { Rows = moved };
    }

    private void Require()
    {
        DataFolder.RequireInstallation(_data, $"There is no installation in {_data}; name its data folder with --data.");
        if (options.Metadata.Kind != MetadataKind.Postgres)
            throw new CannotStartException("Metadata:Kind is Sqlite; a migration goes to PostgreSQL: give the settings that the new nodes will have, in a file (--config) or as BERTH_ variables.");
        if (options.Storage.Kind == StorageKind.FileSystem)
            throw new CannotStartException("Storage:Kind is FileSystem; a migration goes to an object store: give the settings that the new nodes will have, in a file (--config) or as BERTH_ variables.");
        if (!DataFolder.HoldsBlobs(_data))
            throw new CannotStartException($"{_data} has no blob store of its own; a migration moves blobs out of the data folder: mount its volume, or name another folder.");
    }

    private async Task<DataFolderLock> LockAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await DataFolderLock.AcquireAsync(_data, "berth migrate --finish", TimeProvider.System, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CannotStartException($"{e.Message} Stop it first: what is left is copied while nobody is served.", e);
        }
    }

    /// <summary>The note of this migration: the one that the folder has, or a new one, which is written when the target's store is claimed.</summary>
    private MigrationNote FindNote()
    {
        var standing = MigrationNote.Read(_data);
        if (standing is not null && standing.Store == Store && (standing.Database == Database || standing.State == MigrationState.Preparing))
            return standing with { Database = Database };
        if (standing is { State: not MigrationState.Preparing })
            throw new CannotStartException($"{standing.Refusal(_data, servesFolder: true)} The settings given here name {Database} and {Store}.");
        return new MigrationNote(Guid.CreateVersion7().ToString("N"), MigrationState.Preparing, Database, Store);
    }

    private RowMove MoveOf(MigrationNote note) =>
        new(new SqliteOptions { Path = Stores.DatabasePath(_data) }, Stores.PostgresOf(options.Metadata), note.Id, TimeProvider.System, steps);

    private async Task RequireEmptyAsync(MigrationNote note, CancellationToken cancellationToken)
    {
        switch (await MoveOf(note).ExamineAsync(cancellationToken))
        {
            case MoveTarget.Moved:
                throw new CannotStartException($"{Sentence(Database)} holds this installation already: run ./berth migrate --finish --data {_data} again, so that the folder says so.");
            case MoveTarget.Occupied:
                throw Occupied();
        }
    }

    private CannotStartException Occupied() => new($"{Sentence(Database)} holds an installation already; name an empty one (Metadata:ConnectionString).");

    private async Task<MigrationResult> CopyAsync(RelationalMetadataStore rows, IBlobStore files, IBlobStore objects, MigrationNote note, CancellationToken cancellationToken)
    {
        await ClaimStoreAsync(rows, files, objects, note, cancellationToken);
        await steps.ReachAsync(MigrateSteps.Claimed);
        var seen = await StoredSizes.ReadAsync(objects, cancellationToken);
        var copy = new BlobCopy(rows, files, objects, resumed: false) { AtOnce = BlobsAtOnce, Seen = seen, Checks = true };
        var blobs = await ByteProgress.RunAsync("copying blobs", progress => copy.RunAsync(progress, cancellationToken));
        var healed = verifies ? await ByteProgress.RunAsync("reading blobs back", progress => copy.VerifyAsync(progress, cancellationToken)) : [];
        if (rows.Faulted.IsCompleted) throw await rows.Faulted;
        await steps.ReachAsync(MigrateSteps.BlobsCopied);
        return new MigrationResult(blobs) { Healed = healed, Seen = seen };
    }

    /// <summary>Makes the new store this installation's, which no other process may have done before: one of an earlier migration could be served from elsewhere.</summary>
    private async Task ClaimStoreAsync(RelationalMetadataStore rows, IBlobStore files, IBlobStore objects, MigrationNote note, CancellationToken cancellationToken)
    {
        var installation = await rows.FindInstallationAsync(cancellationToken) ?? throw new CannotStartException($"The database in {_data} holds no installation.");
        if (await files.ReadIdentityAsync(cancellationToken) != installation.StoreId)
            throw new CannotStartException($"The blob store of {_data} does not belong to its metadata: mount the right volume.");

        var identity = await objects.ReadIdentityAsync(cancellationToken);
        var began = MigrationNote.Read(_data)?.Store == Store;
        if (identity is not null && identity != installation.StoreId)
            throw new CannotStartException($"{Sentence(Store)} belongs to another installation; name another one, or another prefix.");
        if (identity is not null && !began)
            throw new CannotStartException($"{Sentence(Store)} holds bytes of this installation that this folder did not bring there, and nodes may serve them; name another one, or another prefix.");
        if (identity is not null) return;
        if (!began) note.Write(_data);
        await objects.WriteIdentityAsync(installation.StoreId, cancellationToken);
    }

    private static string Sentence(string place) => $"{char.ToUpperInvariant(place[0])}{place[1..]}";

    private static Task<RelationalMetadataStore> OpenRowsAsync(string path, ILoggerFactory loggers, CancellationToken cancellationToken) => SqliteMetadataStore.OpenAsync(
        new SqliteOptions { Path = path, ReadLimit = null }, TimeProvider.System, NoSteps.Instance, loggers.CreateLogger<RelationalMetadataStore>(), cancellationToken);

    private async Task<IBlobStore> OpenFilesAsync(ILoggerFactory loggers, CancellationToken cancellationToken) => await FileSystemBlobStore.OpenAsync(
        new FileSystemOptions { Root = Stores.BlobRoot(_data), ReserveBytes = 0 }, TimeProvider.System, NoSteps.Instance, loggers.CreateLogger<FileSystemBlobStore>(), cancellationToken);

    private Task<IBlobStore> OpenObjectsAsync(ILoggerFactory loggers, CancellationToken cancellationToken) => BlobStores.OpenAsync(
        options.Storage, new FileSystemOptions { Root = Stores.BlobRoot(_data) }, TimeProvider.System, loggers, cancellationToken);
}

/// <summary>What a migration did.</summary>
/// <param name="Blobs">With the bytes.</param>
internal sealed record MigrationResult(BlobCopyResult Blobs)
{
    /// <summary>With the rows; null while it is prepared.</summary>
    public MoveResult? Rows { get; init; }

    /// <summary>Blobs that the new store did not give back as it should, and that were copied again.</summary>
    public IReadOnlyList<Digest> Healed { get; init; } = [];

    /// <summary>What the new store held before.</summary>
    public StoredSizes? Seen { get; init; }

    /// <summary>Whether all had been done before.</summary>
    public bool WasFinished { get; init; }
}
