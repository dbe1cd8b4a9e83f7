using System.Collections.Concurrent;
using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.Testing.ObjectServers;

namespace Berth.Testing;

/// <summary>
/// A PostgreSQL database and an Azurite container in the place of one data folder's files. A run with <c>BERTH_TEST_STACK=cluster</c> gives every server that chooses no
/// stores itself such a pair, so that the suites are the same for one process and for many nodes.
/// </summary>
public sealed class ClusterStores
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<ClusterStores>>> Folders = new();

    private readonly PostgresServer _postgres;
    private readonly Azurite _azurite;
    private readonly string _database;
    private readonly BlobContainerClient _container;

    private ClusterStores(PostgresServer postgres, Azurite azurite, string database, BlobContainerClient container) =>
        (_postgres, _azurite, _database, _container) = (postgres, azurite, database, container);

    /// <summary>Whether this run is one of the cluster's stores.</summary>
    public static bool AreUsed { get; } = Environment.GetEnvironmentVariable("BERTH_TEST_STACK") switch
    {
        null or "" or "embedded" => false,
        "cluster" => true,
        var other => throw new InvalidOperationException($"BERTH_TEST_STACK is 'embedded' or 'cluster', not '{other}'."),
    };

    /// <summary>How the database is reached.</summary>
    public string ConnectionString => _postgres.ConnectionString(_database);

    /// <summary>The blob service.</summary>
    public Uri Endpoint => _azurite.Endpoint;

    /// <summary>The account's key.</summary>
    public string AccountKey => _azurite.AccountKey;

    /// <summary>The container's name.</summary>
    public string Container => _container.Name;

    /// <summary>The server's settings that name them. Readers get bytes and not links: what a link does has tests of its own.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("BERTH_Metadata__Kind", "Postgres"),
        new("BERTH_Metadata__ConnectionString", ConnectionString),
        new("BERTH_Metadata__MaxConnections", "8"),
        new("BERTH_Storage__Kind", "AzureBlob"),
        new("BERTH_Storage__AzureBlob__Container", Container),
        new("BERTH_Storage__AzureBlob__Endpoint", Endpoint.ToString()),
        new("BERTH_Storage__AzureBlob__Account", Azurite.Account),
        new("BERTH_Storage__AzureBlob__AccountKey", AccountKey),
        new("BERTH_Distribution__StoreLinks", "false"),
    ];

    /// <summary>The stores of a data folder, made by the first call.</summary>
    /// <param name="folder">The folder's path.</param>
    /// <param name="template">The database that the new one is a copy of; null for an empty one.</param>
    public static Task<ClusterStores> OfFolderAsync(string folder, string? template = null) =>
        Folders.GetOrAdd(folder, _ => new(() => MakeAsync(template))).Value;

    /// <summary>Removes a data folder's stores, if it has any.</summary>
    public static async Task RemoveAsync(string folder)
    {
        if (!Folders.TryRemove(folder, out var made)) return;
        var stores = await made.Value;
        await stores._postgres.DropDatabaseAsync(stores._database, CancellationToken.None);
        await stores._container.DeleteAsync();
    }

    private static async Task<ClusterStores> MakeAsync(string? template)
    {
        var (postgres, azurite) = (await PostgresServer.GetAsync(), await Azurite.GetAsync());
        var service = new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey));
        BlobContainerClient container = await service.CreateBlobContainerAsync($"berth-{Content.Name()}");
        return new ClusterStores(postgres, azurite, await postgres.CreateDatabaseAsync(template, CancellationToken.None), container);
    }
}
