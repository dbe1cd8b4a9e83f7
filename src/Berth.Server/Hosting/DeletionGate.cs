using Berth.Registry.Lifecycle;
using Berth.Storage.FileSystem;

namespace Berth.Server.Hosting;

/// <summary>Lets garbage collection delete unless a backup is copying bytes, and takes the volumes' reserves back after it made room.</summary>
/// <param name="dataFolder">Where backups leave their hold.</param>
/// <param name="files">The blob store, where it is one of files and keeps the reserve of its volume.</param>
/// <param name="metadataReserve">The reserve of the database's volume, where that is another one.</param>
internal sealed class DeletionGate(string dataFolder, FileSystemBlobStore? files, ReserveFile? metadataReserve) : IDeletionGate
{
    /// <inheritdoc/>
    public IDisposable? TryEnter() => BackupHold.TryTakeForRemoval(dataFolder);

    /// <inheritdoc/>
    public bool IsFull => files is { Reserve.IsHeld: false } || metadataReserve is { IsHeld: false };

    /// <inheritdoc/>
    public async ValueTask TakeReservesBackAsync(CancellationToken cancellationToken)
    {
        if (metadataReserve is not null) await metadataReserve.TryTakeBackAsync(cancellationToken);
        if (files is not null) await files.TryTakeReserveBackAsync(cancellationToken);
    }
}
