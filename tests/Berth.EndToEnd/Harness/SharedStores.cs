using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.Harness;

/// <summary>A database in PostgreSQL and a container in Azurite, which the nodes of one installation share.</summary>
internal sealed class SharedStores : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly Azurite _azurite;

    private SharedStores(PostgresServer server, Azurite azurite, string database, BlobContainerClient container)
    {
        (_server, _azurite, Database, Container) = (server, azurite, database, container);
    }

    /// <summary>The database's name.</summary>
    public string Database { get; private set; }

    /// <summary>The database's address, for PostgreSQL's own tools.</summary>
    public string Address => $"postgresql://berth@127.0.0.1:{_server.Port}/{Database}";

    /// <summary>The container.</summary>
    public BlobContainerClient Container { get; private set; }

    /// <summary>The owner's password, which the nodes are given.</summary>
    public string Password { get; } = $"secret-{Content.Name()}";

    /// <summary>The settings that name both, and the owner's password, by the names of their variables.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["BERTH_OWNER_PASSWORD"] = Password,
        ["BERTH_Metadata__Kind"] = "Postgres",
        ["BERTH_Metadata__ConnectionString"] = _server.ConnectionString(Database, _server.Port),
        ["BERTH_Storage__Kind"] = "AzureBlob",
        ["BERTH_Storage__AzureBlob__Container"] = Container.Name,
        ["BERTH_Storage__AzureBlob__Endpoint"] = _azurite.Endpoint.ToString(),
        ["BERTH_Storage__AzureBlob__Account"] = Azurite.Account,
        ["BERTH_Storage__AzureBlob__AccountKey"] = _azurite.AccountKey,
    };

    /// <summary>Empty ones; where they cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<SharedStores> CreateAsync()
    {
        if ((PostgresServer.Lacking ?? Azurite.Lacking) is { } lacking) Tool.Lacking(lacking);
        var server = await PostgresServer.GetAsync();
        var azurite = await Azurite.GetAsync();
        return new SharedStores(server, azurite, await server.CreateDatabaseAsync(null, CancellationToken.None), await NewContainerAsync(azurite));
    }

    /// <summary>What a query of one value says.</summary>
    public async Task<string> QueryAsync(string text) => (await Tool.RunAsync(Tool.Require("psql"), ["-At", "-c", text, Address], "/")).Succeeded().Output.Trim();

    /// <summary>From here on another, empty database; what was in the other one is lost.</summary>
    public async Task LoseDatabaseAsync()
    {
        await _server.DropDatabaseAsync(Database, CancellationToken.None);
        Database = await _server.CreateDatabaseAsync(null, CancellationToken.None);
    }

    /// <summary>From here on another container, with what is in this one, as a service's own tool copies it; this one is lost.</summary>
    public async Task MoveContainerAsync()
    {
        var copy = await NewContainerAsync(_azurite);
        await foreach (var blob in Container.GetBlobsAsync())
            await copy.GetBlobClient(blob.Name).UploadAsync((await Container.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content);
        await Container.DeleteAsync();
        Container = copy;
    }

    /// <summary>A node that is not started yet.</summary>
    public ServerProcess Node(string name, IReadOnlyDictionary<string, string>? settings = null, string? data = null)
    {
        var all = Settings;
        foreach (var (key, value) in settings ?? new Dictionary<string, string>()) all[key] = value;
        return new ServerProcess(BuiltProgram.Server!, name, all, data, password: Password);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DropDatabaseAsync(Database, CancellationToken.None);
        await Container.DeleteIfExistsAsync();
    }

    private static async Task<BlobContainerClient> NewContainerAsync(Azurite azurite) =>
        await new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey)).CreateBlobContainerAsync($"berth-{Content.Name()}");
}
