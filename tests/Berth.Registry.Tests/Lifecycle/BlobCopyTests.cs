using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Storage;
using Berth.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class BlobCopyTests
{
    [Fact]
    public async Task A_copy_that_goes_on_after_one_that_was_ended_trusts_no_file_for_its_size()
    {
        await using var host = await RegistryHost.StartAsync();
        var content = "all of it"u8.ToArray();
        await host.Client.PushBlobAsync("app", content);
        var stored = (await host.Metadata.FindStoredBlobAsync(Digest.Compute(DigestAlgorithm.Sha256, content), CancellationToken.None))!;
        var root = Path.Combine(host.StoreFolder, "..", "copy");
        await using var target = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = root, ReserveBytes = 0 }, TimeProvider.System, NoSteps.Instance, NullLogger<FileSystemBlobStore>.Instance,
            CancellationToken.None);
        await target.WriteIdentityAsync("store", CancellationToken.None);
        var file = Path.Combine(root, "blobs", stored.Location);
        await File.WriteAllBytesAsync(file, [.. "all "u8, 0, 0, 0, .. "it"u8]);

        var result = await new BlobCopy(host.Metadata, host.Blobs, target, resumed: true).RunAsync(new Progress<(long, long)>(), CancellationToken.None);
        Assert.Equal(new BlobCopyResult(1, content.Length, 0), result);
        Assert.Equal(content, await File.ReadAllBytesAsync(file));

        result = await new BlobCopy(host.Metadata, host.Blobs, target, resumed: true).RunAsync(new Progress<(long, long)>(), CancellationToken.None);
        Assert.Equal(new BlobCopyResult(0, 0, 1), result);
    }

    [Fact]
    public async Task A_blob_that_is_missing_at_the_first_look_alone_is_copied()
    {
        await using var host = await RegistryHost.StartAsync();
        var content = "there after all"u8.ToArray();
        await host.Client.PushBlobAsync("app", content);
        await using var target = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = Path.Combine(host.StoreFolder, "..", "copy"), ReserveBytes = 0 }, TimeProvider.System, NoSteps.Instance,
            NullLogger<FileSystemBlobStore>.Instance, CancellationToken.None);
        await target.WriteIdentityAsync("store", CancellationToken.None);

        var result = await new BlobCopy(host.Metadata, new MissingOnce(host.Blobs), target, resumed: false)
            .RunAsync(new Progress<(long, long)>(), CancellationToken.None);

        Assert.Equal(new BlobCopyResult(1, content.Length, 0), result);
    }

    private sealed class MissingOnce(IBlobStore inner) : PassingStore(inner)
    {
        private int _looks;

        public override Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken) =>
            Interlocked.Increment(ref _looks) == 1 ? throw new BlobMissingException(location, "Absent.") : base.OpenAsync(location, size, cancellationToken);
    }
}
