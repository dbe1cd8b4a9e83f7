using Berth.Metadata;
using Berth.Storage.FileSystem;

namespace Berth.Server.Hosting;

/// <summary>
/// The reserve of the data folder's one volume, as the metadata sees it: the blob store keeps it. Until that store is open, nothing is released.
/// </summary>
internal sealed class VolumeReserve(Func<FileSystemBlobStore?> blobs) : IMetadataReserve
{
    /// <inheritdoc/>
    public bool IsHeld => blobs()?.Reserve.IsHeld ?? true;

    /// <inheritdoc/>
    public Task ReleaseAsync(string reason, CancellationToken cancellationToken) =>
        blobs()?.Reserve.ReleaseAsync(reason, cancellationToken) ?? Task.CompletedTask;
}
