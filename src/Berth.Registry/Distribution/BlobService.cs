using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Storage;

namespace Berth.Registry.Distribution;

/// <summary>Finds blobs and opens their bytes, and keeps the promise that an answer about a blob makes.</summary>
internal sealed class BlobService(
    IBlobs blobs, IBlobStore store, DamageReport damage, QuarantineGate quarantine, LifecycleOptions lifecycle, TimeProvider time, ISteps steps)
{
    /// <summary>
    /// The blob, with its bytes promised for at least half the grace: nothing is written while a manifest names it or more than half of
    /// its lease remains.
    /// </summary>
    /// <exception cref="OciException">404: the repository has no such blob. 403: the repository is locked against pulls and this is no push's question, or the blob is quarantined.</exception>
    public async ValueTask<BlobRecord> FindAsync(DistributionRequest request)
    {
        var reading = request.Reading as BlobReading ?? ReadingFor(request.Registry, request.Target);
        var blob = await PromiseAsync(request, request.Target.Digest, await reading.FindAsync(request.Aborted)) ?? throw Unknown(request.Target.Digest);
        if (!request.IsHeadOfPush) LockRefusal.CheckPull(request.Repository, blob);

        // That it is there tells a push what it need not send; its bytes are what is kept back.
        if (!request.IsHead) quarantine.CheckPull(request.Rights, request.Repository, blob);
        return blob;
    }

    /// <summary>The same of any digest; null when the repository has no such blob.</summary>
    public async ValueTask<BlobRecord?> FindAsync(DistributionRequest request, Digest digest) =>
        await PromiseAsync(request, digest, await blobs.FindBlobAsync(request.Registry.Id, request.Repository, digest, request.Aborted));

    /// <summary>How a GET or HEAD of a blob reads it.</summary>
    public BlobReading ReadingFor(RegistryRecord registry, RequestTarget target) => new(blobs, registry.Id, target);

    /// <summary>Opens the blob's bytes. A location that is gone is looked up once more: the row may name another by now.</summary>
    /// <exception cref="OciException">404: the bytes are gone; the blob is marked damaged, and a push heals it.</exception>
    public Task<IBlobReader> OpenAsync(DistributionRequest request, BlobRecord blob) =>
        OpenAsync(request.Registry.Id, request.Repository, blob, request.Aborted);

    /// <summary>The same for nobody's request.</summary>
    /// <exception cref="OciException">404: the bytes are gone; the blob is marked damaged, and a push heals it.</exception>
    public async Task<IBlobReader> OpenAsync(long registryId, RepositoryName repository, BlobRecord blob, CancellationToken cancellationToken)
    {
        await steps.ReachAsync("blob.before-open");
        try
        {
            return await store.OpenAsync(blob.Location, blob.Size, cancellationToken);
        }
        catch (BlobMissingException)
        {
            var again = await blobs.FindBlobAsync(registryId, repository, blob.Digest, cancellationToken);
            if (again is not { State: BlobState.Live }) throw Unknown(blob.Digest);
            try
            {
                return await store.OpenAsync(again.Location, again.Size, cancellationToken);
            }
            catch (BlobMissingException)
            {
                await steps.ReachAsync("blob.before-report");
                await damage.ReportAsync(blob.Digest, again.Location);
                throw Unknown(blob.Digest);
            }
        }
    }

    /// <summary>The error for a blob that the repository does not have.</summary>
    public static OciException Unknown(Digest digest) => new(
        OciErrorCode.BlobUnknown, $"This repository has no blob {digest}.", detail: digest.ToString());

    private async ValueTask<BlobRecord?> PromiseAsync(DistributionRequest request, Digest digest, BlobRecord? blob)
    {
        if (blob is not { State: BlobState.Live }) return null;

        var now = time.GetUtcNow();
        if (blob.Referenced || blob.LeaseUntil - now > lifecycle.Grace / 2) return blob;

        await steps.ReachAsync("blob.before-renewal");
        return await blobs.RenewBlobAsync(request.Registry.Id, request.Repository, digest, now + lifecycle.Grace, request.Aborted);
    }
}
