using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Berth.Storage;
using Berth.Storage.ObjectStore;
using Berth.Storage.S3;
using Berth.Testing.ObjectServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Storage;

/// <summary>The S3 driver in the suite, against Ceph's gateway.</summary>
[Trait(RadosGateway.TraitName, RadosGateway.Trait)]
public sealed class S3BlobStoreTests : BlobStoreSuite
{
    private readonly string _bucket = $"conformance-{Guid.CreateVersion7():N}";
    private S3Options? _options;

    protected override bool HasOneProcess => false;

    protected override async Task<IBlobStore> OpenStoreAsync(CancellationToken cancellationToken)
    {
        ObjectServer.Require(RadosGateway.Lacking);
        var gateway = await RadosGateway.GetAsync();
        if (_options is null)
        {
            using var client = Connect(gateway);
            await client.PutBucketAsync(_bucket, cancellationToken);
            _options = new S3Options { Bucket = _bucket, Endpoint = gateway.Endpoint, AccessKey = gateway.AccessKey, SecretKey = gateway.SecretKey, Prefix = "berth/" };
        }

        return ObjectBlobStore.Open(_options, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
    }

    protected override async Task RemoveIdentityAsync(CancellationToken cancellationToken)
    {
        using var client = Connect(await RadosGateway.GetAsync());
        await client.DeleteObjectAsync(_bucket, "berth/identity", cancellationToken);
    }

    protected override async Task CleanAsync()
    {
        if (_options is null) return;
        using var client = Connect(await RadosGateway.GetAsync());
        var left = await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _bucket });
        foreach (var found in left.S3Objects ?? []) await client.DeleteObjectAsync(_bucket, found.Key);
    }

    private static AmazonS3Client Connect(RadosGateway gateway) => new(
        new BasicAWSCredentials(gateway.AccessKey, gateway.SecretKey),
        new AmazonS3Config { ServiceURL = gateway.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
}
