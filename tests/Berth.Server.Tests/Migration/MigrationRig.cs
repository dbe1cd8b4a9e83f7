using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;
using Berth.Server.Migration;
using Berth.Server.Tests.Backups;
using Berth.Server.Tests.Hosting;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.Server.Tests.Migration;

/// <summary>A data folder, and an empty database with an empty container that it may move to.</summary>
internal sealed class MigrationRig : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _databases = [];

    public string Data => _folder.Data;

    /// <summary>The target's settings.</summary>
    public ServerOptions Options { get; private set; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static void Require()
    {
        if ((PostgresServer.Lacking ?? Azurite.Lacking) is not { } lacking) return;
        if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
        Assert.Skip(lacking);
    }

    public async Task PrepareAsync()
    {
        Require();
        Options = new ServerOptions { Data = Data, Metadata = await NewDatabaseAsync(), Storage = await NewContainerAsync() };
    }

    public async Task<MetadataOptions> NewDatabaseAsync()
    {
        var server = await PostgresServer.GetAsync();
        _databases.Add(await server.CreateDatabaseAsync(null, Token));
        return new MetadataOptions { Kind = MetadataKind.Postgres, ConnectionString = server.ConnectionString(_databases[^1]), MaxConnections = 4 };
    }

    public static async Task<StorageOptions> NewContainerAsync()
    {
        var azurite = await Azurite.GetAsync();
        var container = $"berth-{Content.Name()}";
        await Service(azurite).CreateBlobContainerAsync(container, cancellationToken: Token);
        return new StorageOptions
        {
            Kind = StorageKind.AzureBlob,
            AzureBlob = new AzureBlobStorageOptions { Container = container, Endpoint = azurite.Endpoint, Account = Azurite.Account, AccountKey = azurite.AccountKey, Prefix = "berth/" },
        };
    }

    public Migrate Migrate(ISteps? steps = null, bool verifies = false) => new(Options, verifies, steps ?? NoSteps.Instance);

    public Task<MigrationResult> PrepareAsync(ISteps? steps, bool verifies = false) => Migrate(steps, verifies).PrepareAsync(Token);

    public Task<MigrationResult> FinishAsync(ISteps? steps = null) => Migrate(steps).FinishAsync(Token);

    /// <summary>The folder, as the server would open it.</summary>
    public Task<ServedFolder> OpenSourceAsync() => ServedFolder.OpenAsync(Data);

    /// <summary>A node of the target with a folder of its own.</summary>
    public Task<ServedFolder> OpenTargetAsync(string node = "node") => ServedFolder.OpenAsync(Options with { Data = Path.Combine(_folder.Path, node) }, new LifecycleOptions().Grace);

    /// <summary>The container's objects that hold blobs.</summary>
    public async Task<List<string>> ObjectsAsync()
    {
        var found = new List<string>();
        await foreach (var blob in (await ContainerAsync()).GetBlobsAsync(cancellationToken: Token))
        {
            if (blob.Name.Contains("/blobs/", StringComparison.Ordinal)) found.Add(blob.Name);
        }

        return found;
    }

    public async Task<BlobContainerClient> ContainerAsync() => Service(await Azurite.GetAsync()).GetBlobContainerClient(Options.Storage.AzureBlob.Container);

    public void Change(Func<ServerOptions, ServerOptions> change) => Options = change(Options);

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases) await (await PostgresServer.GetAsync()).DropDatabaseAsync(database, CancellationToken.None);
        _folder.Dispose();
    }

    private static BlobServiceClient Service(Azurite azurite) => new(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey));
}

/// <summary>Ends the work at one point, the first time that it is reached.</summary>
internal sealed class CutOff(string at) : ISteps
{
    public bool IsReached { get; private set; }

    public ValueTask ReachAsync(string point)
    {
        if (point != at || IsReached) return ValueTask.CompletedTask;
        IsReached = true;
        return ValueTask.FromException(new OperationCanceledException($"cut off at {at}"));
    }
}
