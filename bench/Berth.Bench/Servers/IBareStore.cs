using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.Testing.ObjectServers;

namespace Berth.Bench.Servers;

/// <summary>An object store on this machine, for nodes and for calls of its SDK alone.</summary>
internal interface IBareStore
{
    string Name { get; }

    /// <summary>A bucket of its own, as the settings of a node name it.</summary>
    Task<IReadOnlyDictionary<string, string>> PrepareAsync(string bucket);

    /// <summary>One small object put by the SDK, unless it is there: the call that a push makes.</summary>
    Task PutAsync(string bucket, string key, byte[] bytes);
}

/// <summary>Azurite, Azure Storage's emulator: one process that runs JavaScript.</summary>
internal sealed class AzuriteStore : IBareStore
{
    private BlobServiceClient? _client;

    public string Name => "Azurite";

    public async Task<IReadOnlyDictionary<string, string>> PrepareAsync(string bucket)
    {
        var azurite = await Azurite.GetAsync();
        _client = new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey));
        await _client.CreateBlobContainerAsync(bucket);
        return new Dictionary<string, string>
        {
            ["BERTH_Storage__Kind"] = "AzureBlob",
            ["BERTH_Storage__AzureBlob__Container"] = bucket,
            ["BERTH_Storage__AzureBlob__Endpoint"] = azurite.Endpoint.ToString(),
            ["BERTH_Storage__AzureBlob__Account"] = Azurite.Account,
            ["BERTH_Storage__AzureBlob__AccountKey"] = azurite.AccountKey,
        };
    }

    public Task PutAsync(string bucket, string key, byte[] bytes) =>
        _client!.GetBlobContainerClient(bucket).GetBlobClient(key).UploadAsync(new BinaryData(bytes), overwrite: false);
}

/// <summary>Ceph's S3 gateway, where it is installed.</summary>
internal sealed class RadosStore : IBareStore, IDisposable
{
    private AmazonS3Client? _client;

    public string Name => "Ceph's gateway";

    public async Task<IReadOnlyDictionary<string, string>> PrepareAsync(string bucket)
    {
        var gateway = await RadosGateway.GetAsync();
        _client = new AmazonS3Client(
            new BasicAWSCredentials(gateway.AccessKey, gateway.SecretKey),
            new AmazonS3Config
            {
                ServiceURL = gateway.Endpoint.ToString(),
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        await _client.PutBucketAsync(bucket);
        return new Dictionary<string, string>
        {
            ["BERTH_Storage__Kind"] = "S3",
            ["BERTH_Storage__S3__Bucket"] = bucket,
            ["BERTH_Storage__S3__Endpoint"] = gateway.Endpoint.ToString(),
            ["BERTH_Storage__S3__AccessKey"] = gateway.AccessKey,
            ["BERTH_Storage__S3__SecretKey"] = gateway.SecretKey,
        };
    }

    public async Task PutAsync(string bucket, string key, byte[] bytes)
    {
        using var body = new MemoryStream(bytes, writable: false);
        await _client!.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, InputStream = body, IfNoneMatch = "*", AutoCloseStream = false, UseChunkEncoding = false });
    }

    public void Dispose() => _client?.Dispose();
}
