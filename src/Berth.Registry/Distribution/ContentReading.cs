using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;

namespace Berth.Registry.Distribution;

/// <summary>The read of a manifest that a request asks for, with its epochs. It is used once it is known that the caller may have it.</summary>
internal sealed class ManifestReading(IManifests manifests, long registryId, RequestTarget target, bool isHead) : IEpochReading
{
    private ManifestRecord? _found;
    private bool _isDone;

    /// <inheritdoc/>
    public RepositoryName Repository => target.Repository;

    /// <inheritdoc/>
    public async ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken)
    {
        (_found, var epochs) = await manifests.FindManifestAsync(principalId, registryId, target.Repository, target.Reference, !isHead, cancellationToken);
        _isDone = true;
        return epochs;
    }

    /// <summary>The manifest, or null; read now where it was not read with the caller's epochs.</summary>
    public ValueTask<ManifestRecord?> FindAsync(CancellationToken cancellationToken) => _isDone
        ? ValueTask.FromResult(_found)
        : manifests.FindManifestAsync(registryId, target.Repository, target.Reference, !isHead, cancellationToken);
}

/// <summary>The same of a blob.</summary>
internal sealed class BlobReading(IBlobs blobs, long registryId, RequestTarget target) : IEpochReading
{
    private BlobRecord? _found;
    private bool _isDone;

    /// <inheritdoc/>
    public RepositoryName Repository => target.Repository;

    /// <inheritdoc/>
    public async ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken)
    {
        (_found, var epochs) = await blobs.FindBlobAsync(principalId, registryId, target.Repository, target.Digest, cancellationToken);
        _isDone = true;
        return epochs;
    }

    /// <summary>The blob's record, or null; read now where it was not read with the caller's epochs.</summary>
    public ValueTask<BlobRecord?> FindAsync(CancellationToken cancellationToken) => _isDone
        ? ValueTask.FromResult(_found)
        : blobs.FindBlobAsync(registryId, target.Repository, target.Digest, cancellationToken);
}
