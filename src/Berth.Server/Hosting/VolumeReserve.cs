using Berth.Metadata;
using Berth.Storage.FileSystem;

namespace Berth.Server.Hosting;

/// <summary>The reserve of the database's volume, as the metadata sees it. Until it is open, nothing is released.</summary>
internal sealed class VolumeReserve(Func<ReserveFile?> reserve) : IMetadataReserve
{
    /// <inheritdoc/>
    public bool IsHeld => reserve()?.IsHeld ?? true;

    /// <inheritdoc/>
    public Task ReleaseAsync(string reason, CancellationToken cancellationToken) =>
        reserve()?.ReleaseAsync(reason, cancellationToken) ?? Task.CompletedTask;
}
