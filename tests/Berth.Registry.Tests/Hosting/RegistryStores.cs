using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Berth.Storage;
using Berth.Storage.AzureBlob;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.ObjectStore;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Hosting;

/// <summary>What a host of the tests keeps rows and bytes in.</summary>
internal static class RegistryStores
{
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    /// <summary>In its folder.</summary>
    public static async Task<(RelationalMetadataStore Metadata, IBlobStore Blobs)> OpenFilesAsync(
        string folder, TimeProvider time, ISteps steps, IFileOperations? files, FaultyVolume? volume)
    {
        var blobs = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = Path.Combine(folder, "store"), ReserveBytes = 1 << 20 }, files ?? PosixFileOperations.Instance, time, steps,
            NullLogger<FileSystemBlobStore>.Instance, CancellationToken.None);
        var rows = Directory.CreateDirectory(Path.Combine(folder, "metadata")).FullName;
        if (volume is not null) FaultLayer.Mount(rows, volume);
        var metadata = await SqliteMetadataStore.OpenAsync(
            new SqliteOptions { Path = Path.Combine(rows, "berth.db"), FileLayer = volume is null ? null : FaultLayer.Name }, time, steps,
            NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None);
        return (metadata, blobs);
    }

    /// <summary>In the database and the container that stand for its folder. What the object store's client waits for takes real time.</summary>
    public static async Task<(RelationalMetadataStore Metadata, IBlobStore Blobs)> OpenClusterAsync(string folder, TimeProvider time, ISteps steps)
    {
        var stores = await ClusterStores.OfFolderAsync(folder, await Template.Value);
        var azure = new AzureBlobOptions { Container = stores.Container.Name, Endpoint = stores.Objects, Account = Azurite.Account, AccountKey = stores.AccountKey, Prefix = "" };
        var blobs = ObjectBlobStore.Open(azure, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
        return (await OpenPostgresAsync(stores.ConnectionString, time, steps), blobs);
    }

    private static Task<RelationalMetadataStore> OpenPostgresAsync(string connectionString, TimeProvider time, ISteps steps) => PostgresMetadataStore.OpenAsync(
        new PostgresOptions { ConnectionString = connectionString, MaxConnections = 8, FollowsDatabaseClock = false }, new DatabaseTime(time), steps,
        NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None);

    private static async Task<string> MakeTemplateAsync()
    {
        var server = await PostgresServer.GetAsync();
        var name = await server.CreateDatabaseAsync(null, CancellationToken.None);
        await (await OpenPostgresAsync(server.ConnectionString(name), TimeProvider.System, NoSteps.Instance)).DisposeAsync();
        return name;
    }
}
