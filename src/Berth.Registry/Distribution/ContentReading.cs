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
    public RepositoryAction Action => RepositoryAction.ContentRead;

    /// <inheritdoc/>
    public bool IsCompared => false;

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
    public RepositoryAction Action => RepositoryAction.ContentRead;

    /// <inheritdoc/>
    public bool IsCompared => false;

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

/// <summary>The epochs alone, of a request that opens an upload session.</summary>
internal sealed class OpeningReading(IInstallation installation, long registryId, RequestTarget target) : IEpochReading
{
    /// <inheritdoc/>
    public RepositoryName Repository => target.Repository;

    /// <inheritdoc/>
    public RepositoryAction Action => RepositoryAction.ContentWrite;

    /// <inheritdoc/>
    public bool IsCompared => true;

    /// <inheritdoc/>
    public ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken) => installation.ReadEpochsAsync(principalId, registryId, cancellationToken);
}

/// <summary>The epochs of a request that opens an upload session, with whether the session may be promised for now.</summary>
internal sealed class PromiseReading(IUploads uploads, long registryId, RequestTarget target) : IEpochReading
{
    /// <inheritdoc/>
    RepositoryName IEpochReading.Repository => target.Repository;

    /// <inheritdoc/>
    public RepositoryAction Action => RepositoryAction.ContentWrite;

    /// <inheritdoc/>
    public bool IsCompared => false;

    /// <summary>The repository where it may be; null where it may not, or where that was not read.</summary>
    public OpenRepository? Repository { get; private set; }

    /// <inheritdoc/>
    public async ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken)
    {
        (Repository, var epochs) = await uploads.FindOpenRepositoryAsync(principalId, registryId, target.Repository, cancellationToken);
        return epochs;
    }
}

/// <summary>The read of an upload session that a request adds to or finishes, with what is stored already of the digest that it says.</summary>
internal sealed class UploadReading(IUploads uploads, long registryId, RequestTarget target, Digest digest, TimeProvider time) : IEpochReading
{
    private FoundUpload? _found;
    private long _readAt;

    /// <summary>Whether it was read.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The session; null where there is none.</summary>
    public UploadRecord? Upload => _found?.Upload;

    /// <summary>The repository, where a session without a row may be finished in it at once; null where it may not, or where that was not read.</summary>
    public OpenRepository? OpenRepository => _found?.Repository;

    /// <inheritdoc/>
    public RepositoryName Repository => target.Repository;

    /// <inheritdoc/>
    public RepositoryAction Action => RepositoryAction.ContentWrite;

    /// <summary>Whether the request takes the session, whatever stands in it.</summary>
    public required bool IsCompared { get; init; }

    /// <inheritdoc/>
    public async ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken)
    {
        _readAt = time.GetTimestamp();
        (_found, var epochs) = await uploads.FindUploadAsync(principalId, registryId, target.Repository, UploadTickets.IdOf(target.UploadId!), digest, cancellationToken);
        IsDone = true;
        return epochs;
    }

    /// <summary>Takes the session for its caller if these epochs stand, and it holds so many bytes; null where that or anything else is in the way.</summary>
    public async Task<UploadRecord?> TakeAsync(long principalId, SecurityEpochs asOf, long? offset, DateTimeOffset writerUntil, CancellationToken cancellationToken)
    {
        _readAt = time.GetTimestamp();
        _found = await uploads.TakeUploadAsync(registryId, target.Repository, target.UploadId!, digest, principalId, asOf, offset, writerUntil, cancellationToken);
        return _found?.Upload;
    }

    /// <summary>Whether what is stored was read no longer ago than the limit, of this digest.</summary>
    public bool TryGetStored(Digest of, TimeSpan limit, out StoredBlobRecord? stored)
    {
        stored = _found?.Stored;
        return _found is not null && of == digest && time.GetElapsedTime(_readAt) <= limit;
    }
}
