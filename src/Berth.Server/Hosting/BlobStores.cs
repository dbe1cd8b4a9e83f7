using Berth.Oci;
using Berth.Server.Configuration;
using Berth.Storage;
using Berth.Storage.AzureBlob;
using Berth.Storage.FileSystem;
using Berth.Storage.ObjectStore;
using Berth.Storage.S3;

namespace Berth.Server.Hosting;

/// <summary>Opens the blob store that the settings name.</summary>
internal static class BlobStores
{
    /// <summary>The store.</summary>
    /// <param name="storage">The settings.</param>
    /// <param name="files">Where files lie, for that kind.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For the store.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageUnavailableException">It cannot be opened.</exception>
    public static async Task<IBlobStore> OpenAsync(
        StorageOptions storage, FileSystemOptions files, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var shared = new ObjectStoreOptions { BufferBytes = storage.BufferBytes };
        return storage.Kind switch
        {
            StorageKind.S3 => ObjectBlobStore.Open(ToOptions(storage.S3), shared, time, loggers.CreateLogger<ObjectBlobStore>()),
            StorageKind.AzureBlob => ObjectBlobStore.Open(ToOptions(storage.AzureBlob), shared, time, loggers.CreateLogger<ObjectBlobStore>()),
            _ => await FileSystemBlobStore.OpenAsync(files, time, NoSteps.Instance, loggers.CreateLogger<FileSystemBlobStore>(), cancellationToken),
        };
    }

    /// <summary>The object store that the settings name, as people know it.</summary>
    public static string PlaceOf(StorageOptions storage) => storage.Kind == StorageKind.S3
        ? $"the bucket '{storage.S3.Bucket}'{Under(storage.S3.Prefix)} at {storage.S3.Endpoint?.Authority ?? $"AWS {storage.S3.Region}"}"
        : $"the container '{storage.AzureBlob.Container}'{Under(storage.AzureBlob.Prefix)} at {storage.AzureBlob.Endpoint?.Authority}{storage.AzureBlob.Endpoint?.AbsolutePath.TrimEnd('/')}";

    private static string Under(string? prefix) => string.IsNullOrEmpty(prefix) ? "" : $" under '{prefix}'";

    private static S3Options ToOptions(S3StorageOptions s3) => new()
    {
        Bucket = s3.Bucket!,
        Region = s3.Region,
        Endpoint = s3.Endpoint,
        LinkEndpoint = s3.LinkEndpoint,
        PathStyle = s3.PathStyle,
        Prefix = s3.Prefix ?? "",
        AccessKey = s3.AccessKey,
        SecretKey = s3.SecretKey,
        Checksums = s3.Checksums,
        ConditionalWrites = s3.ConditionalWrites,
    };

    private static AzureBlobOptions ToOptions(AzureBlobStorageOptions azure) => new()
    {
        Container = azure.Container!,
        Endpoint = azure.Endpoint!,
        Prefix = azure.Prefix ?? "",
        Account = azure.Account,
        AccountKey = azure.AccountKey,
        ClientId = azure.ClientId,
    };
}
