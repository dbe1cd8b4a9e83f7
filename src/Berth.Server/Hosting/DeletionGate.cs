using Berth.Registry.Lifecycle;
using Berth.Storage.FileSystem;

namespace Berth.Server.Hosting;

/// <summary>Lets garbage collection delete unless a backup is copying bytes, and takes the volume's reserve back after it made room.</summary>
internal sealed class DeletionGate(string dataFolder, FileSystemBlobStore blobs) : IDeletionGate
{
    /// <inheritdoc/>
    public IDisposable? TryEnter() => BackupHold.TryTakeForRemoval(dataFolder);

    /// <inheritdoc/>
    public async ValueTask AfterSweepAsync(CancellationToken cancellationToken) => await blobs.TryTakeReserveBackAsync(cancellationToken);
}
