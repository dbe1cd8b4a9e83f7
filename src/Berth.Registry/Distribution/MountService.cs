using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Lifecycle;

namespace Berth.Registry.Distribution;

/// <summary>Mounts blobs across repositories (OCI distribution spec, "Mounting a blob from another repository").</summary>
internal sealed class MountService(IBlobs blobs, LifecycleOptions lifecycle, TimeProvider time)
{
    /// <summary>
    /// Makes the blob a member of the request's repository if the source holds it and the principal may read there; without a source, if
    /// any repository that it may read holds it. False says nothing about why: an upload session follows.
    /// </summary>
    public async Task<bool> TryMountAsync(DistributionRequest request, Digest digest, string? from)
    {
        RepositoryName? source = null;
        IReadOnlyList<NameRange> readable = [];
        if (from is { Length: > 0 })
        {
            if (!RepositoryName.TryParse(from, out var name))
                throw new OciException(OciErrorCode.NameInvalid, "from is not a repository name.", detail: ClientText.Shorten(from, 300));
            if (!request.Rights.IsAllowed(name, RepositoryAction.ContentRead)) return false;
            source = name;
        }
        else
        {
            readable = request.Rights.Readable;
            if (readable.Count == 0) return false;
        }

        var leaseUntil = time.GetUtcNow() + lifecycle.Grace;
        var blob = await blobs.MountBlobAsync(request.Registry.Id, request.Repository, digest, source, readable, leaseUntil, request.Caller, request.Aborted);
        return blob is not null;
    }
}
