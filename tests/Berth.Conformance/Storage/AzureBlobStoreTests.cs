using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Berth.Storage;
using Berth.Storage.AzureBlob;
using Berth.Storage.ObjectStore;
using Berth.Testing.ObjectServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Storage;

/// <summary>The Azure Blob driver in the suite, against Azurite.</summary>
public sealed class AzureBlobStoreTests : BlobStoreSuite
{
    private readonly string _name = $"conformance-{Guid.CreateVersion7():N}";
    private BlobContainerClient? _container;

    protected override bool HasOneProcess => false;

    protected override async Task<IBlobStore> OpenStoreAsync(CancellationToken cancellationToken)
    {
        ObjectServer.Require(Azurite.Lacking);
        var azurite = await Azurite.GetAsync();
        if (_container is null)
        {
            var account = new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, azurite.AccountKey));
            _container = await account.CreateBlobContainerAsync(_name, cancellationToken: cancellationToken);
        }

        var options = new AzureBlobOptions { Container = _name, Endpoint = azurite.Endpoint, Account = Azurite.Account, AccountKey = azurite.AccountKey, Prefix = "berth/" };
        return ObjectBlobStore.Open(options, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
    }

    // A blob that was put by one request has no blocks; one of a list of one block has cost two.
    [Fact]
    public async Task A_small_blob_is_put_by_one_request()
    {
        var location = await PutAsync(new byte[4096]);

        var blocks = await _container!.GetBlockBlobClient($"berth/blobs/{location}").GetBlockListAsync(BlockListTypes.All, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal((4096, 0), (blocks.Value.BlobContentLength, blocks.Value.CommittedBlocks.Count()));
    }

    protected override Task RemoveIdentityAsync(CancellationToken cancellationToken) =>
        _container!.DeleteBlobAsync("berth/identity", cancellationToken: cancellationToken);

    protected override async Task CleanAsync()
    {
        if (_container is not null) await _container.DeleteAsync();
    }
}
