using Amazon.Runtime;
using Amazon.S3;
using Azure.Storage;
using Azure.Storage.Blobs;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>A server whose blobs lie in an object store.</summary>
public abstract class ObjectStoreFixture : ServerFixture
{
    private readonly Dictionary<string, string> _settings = [];

    /// <summary>Why there is no such store here; null when there is one.</summary>
    public abstract string? LackingStore { get; }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => _settings;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        if (LackingStore is not null) return;
        await PrepareAsync(_settings);
        await base.InitializeAsync();
    }

    /// <summary>The settings that name the store, for commands beside the server.</summary>
    internal IReadOnlyDictionary<string, string> StoreSettings => _settings;

    /// <summary>Every object there is: its key and size.</summary>
    public abstract Task<IReadOnlyDictionary<string, long>> ListAsync();

    /// <summary>Makes an empty bucket; the settings that name it.</summary>
    internal async Task<IReadOnlyDictionary<string, string>> NewStoreAsync()
    {
        var settings = new Dictionary<string, string>();
        await PrepareAsync(settings);
        return settings;
    }

    /// <summary>Removes an object, as an accident would.</summary>
    public abstract Task RemoveAsync(string key);

    /// <summary>Makes a bucket of the fixture's own, and adds the settings that name it.</summary>
    protected abstract Task PrepareAsync(Dictionary<string, string> settings);
}

/// <summary>A server on Azurite.</summary>
public class AzuriteServer : ObjectStoreFixture
{
    private BlobContainerClient? _container;

    /// <inheritdoc/>
    public override string? LackingStore => Azurite.Lacking;

    /// <inheritdoc/>
    public override async Task<IReadOnlyDictionary<string, long>> ListAsync()
    {
        var found = new Dictionary<string, long>();
        await foreach (var blob in _container!.GetBlobsAsync()) found.Add(blob.Name, blob.Properties.ContentLength ?? 0);
        return found;
    }

    /// <inheritdoc/>
    public override Task RemoveAsync(string key) => _container!.DeleteBlobAsync(key);

    /// <inheritdoc/>
    protected override async Task PrepareAsync(Dictionary<string, string> settings)
    {
        var azurite = await Azurite.GetAsync();
        var name = $"berth-{Content.Name()}";
        _container = await new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey)).CreateBlobContainerAsync(name);
        settings["BERTH_Storage__Kind"] = "AzureBlob";
        settings["BERTH_Storage__AzureBlob__Container"] = name;
        settings["BERTH_Storage__AzureBlob__Endpoint"] = azurite.Endpoint.ToString();
        settings["BERTH_Storage__AzureBlob__Account"] = Azurite.Account;
        settings["BERTH_Storage__AzureBlob__AccountKey"] = azurite.AccountKey;
        settings["BERTH_Storage__AzureBlob__Prefix"] = "registry/";
    }
}

/// <summary>A server on its data folder, beside an Azurite that it could move to.</summary>
public sealed class BesideAzuriteServer : AzuriteServer
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>();
}

/// <summary>A server on Azurite behind a proxy that can be made to fail.</summary>
public sealed class ProxiedAzuriteServer : AzuriteServer
{
    /// <summary>What stands between them.</summary>
    public FaultProxy Proxy { get; private set; } = null!;

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Proxy is not null) await Proxy.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync(Dictionary<string, string> settings)
    {
        await base.PrepareAsync(settings);
        Proxy = new FaultProxy(new Uri(settings["BERTH_Storage__AzureBlob__Endpoint"]));
        settings["BERTH_Storage__AzureBlob__Endpoint"] = Proxy.Address.ToString();
    }
}

/// <summary>A server on Azurite that collects what is over after seconds.</summary>
public sealed class CollectingAzuriteServer : AzuriteServer
{
    /// <inheritdoc/>
    protected override async Task PrepareAsync(Dictionary<string, string> settings)
    {
        await base.PrepareAsync(settings);
        Collecting.Add(settings);
    }
}

/// <summary>A server on Ceph's S3 gateway.</summary>
public class RadosGatewayServer : ObjectStoreFixture
{
    private RadosGateway? _gateway;
    private string _bucket = "";

    /// <inheritdoc/>
    public override string? LackingStore => RadosGateway.Lacking;

    /// <inheritdoc/>
    public override async Task<IReadOnlyDictionary<string, long>> ListAsync()
    {
        using var client = Connect();
        var found = await client.ListObjectsV2Async(new() { BucketName = _bucket });
        return (found.S3Objects ?? []).ToDictionary(o => o.Key, o => o.Size ?? 0);
    }

    /// <inheritdoc/>
    public override async Task RemoveAsync(string key)
    {
        using var client = Connect();
        await client.DeleteObjectAsync(_bucket, key);
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync(Dictionary<string, string> settings)
    {
        _gateway = await RadosGateway.GetAsync();
        _bucket = $"berth-{Content.Name()}";
        using var client = Connect();
        await client.PutBucketAsync(_bucket);
        settings["BERTH_Storage__Kind"] = "S3";
        settings["BERTH_Storage__S3__Bucket"] = _bucket;
        settings["BERTH_Storage__S3__Endpoint"] = _gateway.Endpoint.ToString();
        settings["BERTH_Storage__S3__AccessKey"] = _gateway.AccessKey;
        settings["BERTH_Storage__S3__SecretKey"] = _gateway.SecretKey;
        settings["BERTH_Storage__S3__Prefix"] = "registry/";
    }

    private AmazonS3Client Connect() => new(
        new BasicAWSCredentials(_gateway!.AccessKey, _gateway.SecretKey),
        new AmazonS3Config { ServiceURL = _gateway.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
}

/// <summary>A server on its data folder, beside a Ceph that it could move to.</summary>
public sealed class BesideRadosGatewayServer : RadosGatewayServer
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>();
}

/// <summary>A server on Ceph's S3 gateway that collects what is over after seconds.</summary>
public sealed class CollectingRadosGatewayServer : RadosGatewayServer
{
    /// <inheritdoc/>
    protected override async Task PrepareAsync(Dictionary<string, string> settings)
    {
        await base.PrepareAsync(settings);
        Collecting.Add(settings);
    }
}

/// <summary>Settings under which garbage collection takes what is over after seconds.</summary>
internal static class Collecting
{
    public static void Add(Dictionary<string, string> settings)
    {
        settings["BERTH_Lifecycle__Grace"] = "00:00:04";
        settings["BERTH_Lifecycle__Interval"] = "00:00:01";
        settings["BERTH_Distribution__UploadExpiry"] = "00:00:04";
    }
}
