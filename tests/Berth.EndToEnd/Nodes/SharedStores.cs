using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.EndToEnd.Harness;
using Berth.EndToEnd.ObjectStores;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Npgsql;

namespace Berth.EndToEnd.Nodes;

/// <summary>A database of PostgreSQL and a container of Azurite, which the nodes of one installation share.</summary>
internal sealed class SharedStores(PostgresServer postgres, string database, Azurite azurite, BlobContainerClient container) : IAsyncDisposable
{
    private static readonly (string Name, string Value)[] Common =
    [
        // The nodes have one name, whatever ports they have; and bytes come through them, so that what breaks on the way is theirs to bear.
        ("BERTH_Https__PublicPort", "443"), ("BERTH_Distribution__StoreLinks", "false"),
        ("BERTH_Metadata__Kind", "Postgres"), ("BERTH_Metadata__MaxConnections", "16"),
        ("BERTH_Storage__Kind", "AzureBlob"), ("BERTH_Storage__AzureBlob__Prefix", "registry/"),
    ];

    /// <summary>Where the database's server answers.</summary>
    public Uri Database => new($"tcp://127.0.0.1:{postgres.Port}");

    /// <summary>Where the object store answers.</summary>
    public Uri Objects => azurite.Endpoint;

    /// <summary>Skips the test where they cannot be had here, or fails it on continuous integration.</summary>
    public static void Require()
    {
        if (PostgresServer.Lacking is { } lacking) Tool.Lacking(lacking);
        ObjectStore.Require(Azurite.Lacking);
    }

    /// <summary>Makes both on the servers of this run.</summary>
    public static async Task<SharedStores> MakeAsync() => await MakeAsync(await PostgresServer.GetAsync(), await Azurite.GetAsync(), http: null);

    /// <summary>Makes both on servers of a test's own.</summary>
    public static async Task<SharedStores> MakeAsync(PostgresServer postgres, Azurite azurite, HttpClient? http)
    {
        var database = await postgres.CreateDatabaseAsync(null, CancellationToken.None);
        var options = new BlobClientOptions();
        if (http is not null) options.Transport = new Azure.Core.Pipeline.HttpClientTransport(http);
        var service = new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey), options);
        return new SharedStores(postgres, database, azurite, await service.CreateBlobContainerAsync($"nodes-{Content.Name()}"));
    }

    /// <summary>The settings of a node that reaches them directly, or by way of these proxies.</summary>
    public Dictionary<string, string> Settings(Uri? database = null, Uri? objects = null)
    {
        var (at, store) = (database ?? Database, objects ?? Objects);
        var settings = Common.ToDictionary(setting => setting.Name, setting => setting.Value);
        settings["BERTH_Metadata__ConnectionString"] =
            new NpgsqlConnectionStringBuilder(postgres.ConnectionString(DatabaseName, at.Port)) { Host = at.Host }.ConnectionString;
        settings["BERTH_Storage__AzureBlob__Container"] = container.Name;
        settings["BERTH_Storage__AzureBlob__Endpoint"] = store.ToString();
        settings["BERTH_Storage__AzureBlob__Account"] = Azurite.Account;
        settings["BERTH_Storage__AzureBlob__AccountKey"] = azurite.AccountKey;
        return settings;
    }

    /// <summary>The leases that nodes hold: for each job its holder and its fence.</summary>
    public async Task<IReadOnlyDictionary<string, (string Holder, long Fence)>> ListLeasesAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT name, holder, fence FROM leases", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<string, (string, long)>();
        while (await reader.ReadAsync()) found.Add(reader.GetString(0), (reader.GetString(1), reader.GetInt64(2)));
        return found;
    }

    /// <summary>The one number that a query answers.</summary>
    public async Task<long> CountAsync(string query)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(query, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The keys of all objects.</summary>
    public async Task<IReadOnlySet<string>> ListObjectsAsync()
    {
        var found = new HashSet<string>();
        await foreach (var blob in container.GetBlobsAsync()) found.Add(blob.Name);
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await container.DeleteIfExistsAsync();
        await postgres.DropDatabaseAsync(database, CancellationToken.None);
    }

    private string DatabaseName => database;

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(postgres.ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }
}
