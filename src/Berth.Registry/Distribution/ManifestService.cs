using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>Puts and deletes manifests; each is one transaction of the metadata.</summary>
internal sealed class ManifestService(
    IManifests manifests, ReferrersIndex referrers, DistributionOptions options, LifecycleOptions lifecycle, LifecycleMetrics metrics, TimeProvider time,
    ISteps steps)
{
    /// <summary>Parses, checks and stores a manifest with its tags.</summary>
    /// <returns>What was stored and its digest.</returns>
    /// <exception cref="OciException">400: the body is no manifest, has another digest, or names content that the repository lacks.</exception>
    public async Task<(Manifest Manifest, Digest Digest)> PutAsync(DistributionRequest request, byte[] body, IReadOnlyList<Tag> tags)
    {
        var manifest = ManifestParser.Parse(body, request.Http.Request.ContentType);
        var reference = request.Target.Reference;
        var digest = Digest.Compute(reference.IsDigest ? reference.Digest.Algorithm : DigestAlgorithm.Sha256, body);
        if (reference.IsDigest && digest != reference.Digest)
        {
            throw new OciException(
                OciErrorCode.DigestInvalid, $"The manifest that came has the digest {digest}, not {reference.Digest}.", detail: reference.Digest.ToString());
        }

        await steps.ReachAsync("manifest.before-commit");
        var result = await manifests.PutManifestAsync(
            new NewManifest(request.Registry.Id, request.Repository, digest, body, manifest, tags, options.AllowSparseIndexes),
            request.Caller, request.Aborted);
        await steps.ReachAsync("manifest.after-commit");

        return result.Outcome switch
        {
            PutManifestOutcome.Missing => throw Missing(result.Culprits),
            PutManifestOutcome.WrongSize => throw WrongSize(result.Culprits),
            _ => (manifest, digest),
        };
    }

    /// <summary>Deletes a manifest by digest, or only the tag.</summary>
    /// <exception cref="OciException">404: it is not there. 409: an index lists it. 405: the tag is the referrers view.</exception>
    public async Task DeleteAsync(DistributionRequest request)
    {
        var reference = request.Target.Reference;
        var result = reference.IsDigest
            ? await manifests.DeleteManifestAsync(
                request.Registry.Id, request.Repository, reference.Digest, time.GetUtcNow() + lifecycle.Grace, request.Caller, request.Aborted)
            : await manifests.DeleteTagAsync(request.Registry.Id, request.Repository, reference.Tag, request.Caller, request.Aborted);

        if (result.IsSoft) metrics.SoftDeleted(1);
        if (result.Outcome == DeleteOutcome.Held)
        {
            throw new OciException(
                OciErrorCode.Denied, $"The index {result.Holder} of this repository lists the manifest; delete that index first.",
                status: StatusCodes.Status409Conflict, detail: result.Holder.ToString());
        }

        if (result.Outcome != DeleteOutcome.Unknown) return;
        if (!reference.IsDigest && await referrers.FindSubjectAsync(request, reference.Tag) is { } subject)
        {
            request.Http.Response.Headers.Allow = "GET, HEAD, PUT";
            throw new OciException(
                OciErrorCode.Unsupported, $"The tag {reference.Tag} is a view of the referrers of {subject}; delete the referring manifests instead.");
        }

        throw Unknown(reference);
    }

    /// <summary>The error for a manifest that the repository does not have.</summary>
    public static OciException Unknown(Reference reference) => new(
        OciErrorCode.ManifestUnknown, $"This repository has no manifest {reference}.", detail: reference.ToString());

    private static OciException Missing(IReadOnlyList<Descriptor> culprits)
    {
        var first = culprits[0];
        var more = culprits.Count > 1 ? $" (and {culprits.Count - 1} more)" : "";
        return new OciException(
            OciErrorCode.ManifestBlobUnknown, $"The manifest names {first.Digest}{more}, which this repository does not have; push it first.",
            detail: first.Digest.ToString());
    }

    private static OciException WrongSize(IReadOnlyList<Descriptor> culprits) => new(
        OciErrorCode.ManifestInvalid, $"The descriptor of {culprits[0].Digest} says {culprits[0].Size} bytes, which is not the size of that content.",
        detail: culprits[0].Digest.ToString());
}
