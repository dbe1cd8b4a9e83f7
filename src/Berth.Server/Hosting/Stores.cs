using System.Security.Cryptography;
using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;
using Berth.Storage;
using Berth.Storage.FileSystem;

namespace Berth.Server.Hosting;

/// <summary>The data folder while it is in use: its lock, its metadata store and its blob store, which belong to each other.</summary>
internal sealed class Stores(ServerOptions options, TimeProvider node, ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>The name of the one region there is before regions are set up; ties in hybrid time go by it.</summary>
    private const string FirstRegion = "home";

    private readonly string _data = Path.GetFullPath(options.Data);
    private readonly TimeProvider _time = options.Metadata.Kind == MetadataKind.Postgres ? new DatabaseTime(node) : node;
    private readonly ILogger _logger = loggers.CreateLogger(typeof(BerthHost));
    private DataFolderLock? _lock;
    private RelationalMetadataStore? _metadata;
    private IBlobStore? _blobs;
    private ReserveFile? _metadataReserve;
    private InstallationRecord? _installation;
    private DeletionGate? _gate;

    /// <summary>Where the blob store of a data folder is.</summary>
    public static string BlobRoot(string data) => Path.Combine(data, "store");

    /// <summary>Where the database of a data folder is.</summary>
    public static string DatabasePath(string data) => Path.Combine(data, "metadata", "berth.db");

    // What is in the data folder shares its volume; an object store does not.
    private bool HoldsFiles => options.Storage.Kind == StorageKind.FileSystem;

    private FileSystemBlobStore? Files => _blobs as FileSystemBlobStore;

    /// <summary>Whether nobody is served meanwhile: reads may take as long as they take, and no installation is made.</summary>
    public bool IsOffline { get; init; }

    /// <summary>The time that decides what is over: the database's, where nodes share one, from the moment that the stores are open; this node's otherwise.</summary>
    public TimeProvider Time => _time;

    /// <summary>The metadata store.</summary>
    public IMetadataStore Metadata => _metadata ?? throw NotOpen();

    /// <summary>The blob store.</summary>
    public IBlobStore Blobs => _blobs ?? throw NotOpen();

    /// <summary>The installation that both belong to.</summary>
    public InstallationRecord Installation => _installation ?? throw NotOpen();

    /// <summary>What stands between garbage collection and the bytes.</summary>
    public DeletionGate DeletionGate => _gate ?? throw NotOpen();

    /// <summary>Completes with the reason when the metadata store can no longer be trusted and the process must end.</summary>
    public Task<Exception> Faulted => (_metadata ?? throw NotOpen()).Faulted;

    /// <summary>Makes the data folder where there is none, and takes its lock: before anything else looks into it.</summary>
    /// <param name="command">What this process does, as the user called it, for the sentence that another process gets.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CannotStartException">It cannot be made, another process has it, its volume is not safe, a restore into it is not finished, or it was moved elsewhere.</exception>
    public async Task LockAsync(string command, CancellationToken cancellationToken)
    {
        try
        {
            Examine(_data, holdsDatabase: true);
            DataFolder.Ensure(_data);

            // Each may be a volume of its own.
            if (!VolumeCheck.IsOneVolume(_data, MetadataFolder)) Examine(MetadataFolder, holdsDatabase: true);
            if (HoldsFiles && !VolumeCheck.IsOneVolume(_data, BlobRoot(_data))) Examine(BlobRoot(_data), holdsDatabase: false);
            _lock = await DataFolderLock.AcquireAsync(_data, command, node, cancellationToken);
            TlsCopy.Recover(_data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException(e is DataFolderInUseException ? e.Message : $"Data (--data) is '{_data}', which cannot be used: {e.Message}", e);
        }

        if (DataFolder.Unfinished(_data) is { } unfinished) throw new CannotStartException(unfinished);
        var servesFolder = options.Metadata.Kind == MetadataKind.Sqlite || HoldsFiles;
        if (MigrationNote.Read(_data)?.Refusal(_data, servesFolder) is { } moved) throw new CannotStartException(moved);
    }

    /// <summary>Opens both stores, and makes a new installation where there is none.</summary>
    /// <exception cref="CannotStartException">They cannot be used; the message says why.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Both to their end: when one fails, the other must not go on opening behind the answer.
            await Task.WhenAll(OpenMetadataAsync(cancellationToken), OpenBlobsAsync(cancellationToken));
            _gate = new DeletionGate(_data, Files, _metadataReserve);
            _installation = await MatchAsync(_metadata!, _blobs!, cancellationToken);
        }
        catch (Exception e) when (e is MetadataStartException or MetadataUnavailableException or MetadataFullException or StorageUnavailableException or StorageFullException)
        {
            throw new CannotStartException(e.Message, e) { MayPass = MayPass(e) };
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_metadata is not null)
            await _metadata.DisposeAsync();
        if (_blobs is not null)
            await _blobs.DisposeAsync();
        _metadataReserve?.Dispose();
        _lock?.Dispose();
    }

    /// <summary>How the settings reach a PostgreSQL database.</summary>
    /// <exception cref="CannotStartException">The file with the connection string cannot be read.</exception>
    public static PostgresOptions PostgresOf(MetadataOptions metadata) => new()
    {
        ConnectionString = metadata.ConnectionStringFile is { } file
            ? SecretFile.Read("Metadata:ConnectionStringFile", file)
            : metadata.ConnectionString!,
        MaxConnections = metadata.MaxConnections,
        Prepare = metadata.Prepare,
        AllowDataLoss = metadata.AllowDataLoss,
    };

    /// <summary>Whether what keeps it from starting is away over a network, or full there, and may come back by itself; a file that cannot be opened does not.</summary>
    private bool MayPass(Exception error) => error switch
    {
        MetadataUnavailableException or MetadataFullException => options.Metadata.Kind == MetadataKind.Postgres,
        StorageUnavailableException unavailable => !HoldsFiles && !unavailable.IsRefusal,
        StorageFullException => !HoldsFiles,
        _ => false,
    };

    private string BlobPlace => options.Storage.Kind switch
    {
        StorageKind.S3 => $"in the bucket '{options.Storage.S3.Bucket}'",
        StorageKind.AzureBlob => $"in the container '{options.Storage.AzureBlob.Container}'",
        _ => $"in {_data}",
    };

    private string MetadataFolder => Path.GetDirectoryName(DatabasePath(_data))!;

    private static InvalidOperationException NotOpen() => new("The stores are not open yet.");

    private void Examine(string folder, bool holdsDatabase)
    {
        var volume = VolumeCheck.Examine(folder, holdsDatabase);
        if (volume.Verdict == VolumeVerdict.Unsafe) throw new CannotStartException(volume.Sentence!);
        if (volume.Sentence is { } warning) HostLog.VolatileVolume(_logger, warning);
    }

    private Task OpenMetadataAsync(CancellationToken cancellationToken) =>
        options.Metadata.Kind == MetadataKind.Postgres ? OpenPostgresAsync(cancellationToken) : OpenSqliteAsync(cancellationToken);

    private async Task OpenPostgresAsync(CancellationToken cancellationToken)
    {
        var rows = PostgresOf(options.Metadata);
        _metadata = await PostgresMetadataStore.OpenAsync(
            rows with { Retention = Limit(rows.Retention) }, (DatabaseTime)_time, NoSteps.Instance, loggers.CreateLogger<RelationalMetadataStore>(), cancellationToken);
    }

    private RetentionOptions Limit(RetentionOptions retention)
    {
        var (grace, window) = (options.Registry.Lifecycle.Grace, options.Registry.Lifecycle.RecoveryWindow);
        // The rows of uploads that ended are up to an eighth of it ahead, and together that is no longer than the grace.
        var ended = grace * 8 / 9;
        // Who has a link reads past the rows; a data folder gives none.
        var linked = HoldsFiles ? TimeSpan.Zero : options.Registry.Distribution.KeptForStoreLinks(grace);
        return retention with { DiscardDelay = linked > window ? linked : window, EndedUploadWindow = ended < retention.EndedUploadWindow ? ended : retention.EndedUploadWindow };
    }

    private async Task OpenSqliteAsync(CancellationToken cancellationToken)
    {
        // The blob store keeps a reserve on its volume; a database on another one needs its own.
        if (!HoldsFiles || !VolumeCheck.IsOneVolume(MetadataFolder, BlobRoot(_data)))
        {
            _metadataReserve = await ReserveFile.OpenAsync(
                Path.Combine(MetadataFolder, "reserve"), FileSystemOptions.DefaultReserveBytes, loggers.CreateLogger<FileSystemBlobStore>(), cancellationToken);
        }

        var rows = new SqliteOptions { Path = DatabasePath(_data) };
        rows = rows with { Retention = Limit(rows.Retention) };
        if (IsOffline) rows = rows with { ReadLimit = null };
        _metadata = await SqliteMetadataStore.OpenAsync(
            rows with { Reserve = new VolumeReserve(() => _metadataReserve ?? Files?.Reserve) }, _time, NoSteps.Instance,
            loggers.CreateLogger<RelationalMetadataStore>(), cancellationToken);
    }

    private async Task OpenBlobsAsync(CancellationToken cancellationToken) => _blobs = await BlobStores.OpenAsync(
        options.Storage, new FileSystemOptions { Root = BlobRoot(_data) }, _time, loggers, cancellationToken);

    // The identity object ties rows and bytes together: an unmounted volume must not look like a store from which everything was deleted.
    private async Task<InstallationRecord> MatchAsync(RelationalMetadataStore metadata, IBlobStore blobs, CancellationToken cancellationToken)
    {
        var installation = await metadata.FindInstallationAsync(cancellationToken);
        var identity = await blobs.ReadIdentityAsync(cancellationToken);
        if (installation is null && IsOffline)
            throw new CannotStartException("The metadata database holds no installation; name the right one, or restore it first.");
        if (installation is null)
        {
            return IsOffline
                ? throw new CannotStartException("There is no installation in the metadata database; name it by the settings of the server (Metadata:ConnectionString and its database).")
                : await CreateAsync(metadata, blobs, identity, cancellationToken);
        }

        if (identity is null)
            throw new CannotStartException($"The blob store {BlobPlace} has lost its identity, as an unmounted volume has, or one that was emptied: mount it, or restore a backup.");
        if (identity != installation.StoreId)
            throw new CannotStartException($"The blob store {BlobPlace} belongs to another installation than the metadata: name the right one, or restore a backup.");
        return installation;
    }

    private async Task<InstallationRecord> CreateAsync(
        RelationalMetadataStore metadata, IBlobStore blobs, string? identity, CancellationToken cancellationToken)
    {
        // The identity is written first: a first start that was cut off after it goes on with it. With blobs, it is no first start, unless another node was faster.
        if (identity is not null)
        {
            await foreach (var _ in blobs.ListAsync(cancellationToken))
            {
                if (await metadata.FindInstallationAsync(cancellationToken) is { } standing && standing.StoreId == identity) return standing;
                throw new CannotStartException($"The blob store {BlobPlace} holds blobs, but the metadata that says what they are is gone: restore a backup, or move the blobs away to begin anew.");
            }
        }
        else
        {
            identity = await IdentifyAsync(blobs, cancellationToken);
        }

        var installation = new InstallationRecord(identity, NewId(), NewId(), FirstRegion, LedgerEpoch: 1);
        var created = await metadata.CreateInstallationAsync(installation, options.Registry.DefaultRegistry, cancellationToken);
        HostLog.InstallationCreated(_logger, _data);
        return created;
    }

    // Of nodes that start for the first time at once, one leaves the identity that all of them go by.
    private static async Task<string> IdentifyAsync(IBlobStore blobs, CancellationToken cancellationToken)
    {
        var identity = NewId();
        try
        {
            await blobs.WriteIdentityAsync(identity, cancellationToken);
            return identity;
        }
        catch (InvalidOperationException)
        {
            return await blobs.ReadIdentityAsync(cancellationToken) ?? throw new CannotStartException("The blob store's identity went away while it was written: start again.");
        }
    }

    private static string NewId() => new Guid(RandomNumberGenerator.GetBytes(16)).ToString();
}
