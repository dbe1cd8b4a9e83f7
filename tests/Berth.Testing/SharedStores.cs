using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.Testing.ObjectServers;
using Npgsql;

namespace Berth.Testing;

/// <summary>A database in PostgreSQL and a container in Azurite, both empty at first, which the nodes of one installation share.</summary>
public sealed class SharedStores : IAsyncDisposable
{
    private readonly PostgresServer _postgres;
    private readonly Azurite _azurite;
    private readonly BlobServiceClient _service;

    private SharedStores(PostgresServer postgres, Azurite azurite, BlobServiceClient service, string database, BlobContainerClient container) =>
        (_postgres, _azurite, _service, DatabaseName, Container) = (postgres, azurite, service, database, container);

    /// <summary>Why they cannot be had here; null when they may.</summary>
    public static string? Lacking => PostgresServer.Lacking ?? Azurite.Lacking;

    /// <summary>The database's name.</summary>
    public string DatabaseName { get; private set; }

    /// <summary>The container.</summary>
    public BlobContainerClient Container { get; private set; }

    /// <summary>The owner's password, which the nodes are given.</summary>
    public string Password { get; } = $"secret-{Content.Name()}";

    /// <summary>Where the database's server answers.</summary>
    public Uri Database => new($"tcp://127.0.0.1:{_postgres.Port}");

    /// <summary>Where the object store answers.</summary>
    public Uri Objects => _azurite.Endpoint;

    /// <summary>The object store's key.</summary>
    public string AccountKey => _azurite.AccountKey;

    /// <summary>How the database is reached on this machine, over a socket of Unix.</summary>
    public string ConnectionString => _postgres.ConnectionString(DatabaseName);

    /// <summary>The database's address, for PostgreSQL's own tools.</summary>
    public string Address => $"postgresql://berth@127.0.0.1:{_postgres.Port}/{DatabaseName}";

    /// <summary>Makes both on the servers of this run.</summary>
    /// <param name="template">The database that the new one is a copy of; null for an empty one.</param>
    public static async Task<SharedStores> MakeAsync(string? template = null) =>
        await MakeAsync(await PostgresServer.GetAsync(), await Azurite.GetAsync(), http: null, template);

    /// <summary>Makes both on servers of a test's own.</summary>
    /// <param name="postgres">The database server.</param>
    /// <param name="azurite">The object store.</param>
    /// <param name="http">What reaches the object store where it has a network of its own.</param>
    /// <param name="template">The database that the new one is a copy of; null for an empty one.</param>
    public static async Task<SharedStores> MakeAsync(PostgresServer postgres, Azurite azurite, HttpClient? http, string? template = null)
    {
        var options = new BlobClientOptions();
        if (http is not null) options.Transport = new HttpClientTransport(http);
        var service = new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey), options);
        var database = await postgres.CreateDatabaseAsync(template, CancellationToken.None);
        return new SharedStores(postgres, azurite, service, database, await NewContainerAsync(service));
    }

    /// <summary>The settings of a server that reaches them directly, or by way of these addresses, by the names of their variables.</summary>
    public Dictionary<string, string> Settings(Uri? database = null, Uri? objects = null)
    {
        var at = database ?? Database;
        return new Dictionary<string, string>
        {
            ["BERTH_Metadata__Kind"] = "Postgres",
            ["BERTH_Metadata__ConnectionString"] = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString(DatabaseName, at.Port)) { Host = at.Host }.ConnectionString,
            ["BERTH_Storage__Kind"] = "AzureBlob",
            ["BERTH_Storage__AzureBlob__Container"] = Container.Name,
            ["BERTH_Storage__AzureBlob__Endpoint"] = (objects ?? Objects).ToString(),
            ["BERTH_Storage__AzureBlob__Account"] = Azurite.Account,
            ["BERTH_Storage__AzureBlob__AccountKey"] = AccountKey,
        };
    }

    /// <summary>A connection to the database, for a look at rows or a change behind the servers' backs.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>From here on another, empty database; what was in the other one is lost.</summary>
    public async Task LoseDatabaseAsync()
    {
        await _postgres.DropDatabaseAsync(DatabaseName, CancellationToken.None);
        DatabaseName = await _postgres.CreateDatabaseAsync(null, CancellationToken.None);
    }

    /// <summary>From here on another container, with what is in this one, as a service's own tool copies it; this one is lost.</summary>
    public async Task MoveContainerAsync()
    {
        var copy = await NewContainerAsync(_service);
        await foreach (var blob in Container.GetBlobsAsync())
            await copy.GetBlobClient(blob.Name).UploadAsync((await Container.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content);
        await Container.DeleteAsync();
        Container = copy;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Container.DeleteIfExistsAsync();
        await _postgres.DropDatabaseAsync(DatabaseName, CancellationToken.None);
    }

    private static async Task<BlobContainerClient> NewContainerAsync(BlobServiceClient service) => await service.CreateBlobContainerAsync($"berth-{Content.Name()}");
}
