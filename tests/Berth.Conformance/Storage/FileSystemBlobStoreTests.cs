using Berth.Oci;
using Berth.Storage;
using Berth.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Storage;

/// <summary>The file system driver in the suite.</summary>
public sealed class FileSystemBlobStoreTests : BlobStoreSuite
{
    private readonly string _root = Path.Join(Path.GetTempPath(), $"berth-conformance-{Guid.CreateVersion7():N}");

    protected override async Task<IBlobStore> OpenStoreAsync(CancellationToken cancellationToken) => await FileSystemBlobStore.OpenAsync(
        new FileSystemOptions { Root = Path.Join(_root, "storage"), ReserveBytes = 1 << 20 },
        TimeProvider.System,
        NoSteps.Instance,
        NullLogger<FileSystemBlobStore>.Instance,
        cancellationToken);

    protected override Task RemoveIdentityAsync(CancellationToken cancellationToken)
    {
        File.Delete(Path.Join(_root, "storage", "identity"));
        return Task.CompletedTask;
    }

    protected override Task CleanAsync()
    {
        Directory.Delete(_root, recursive: true);
        return Task.CompletedTask;
    }
}
