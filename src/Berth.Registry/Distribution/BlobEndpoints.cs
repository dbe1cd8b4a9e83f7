using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>The routes of blobs (OCI distribution spec, "Pulling blobs", "Deleting Blobs").</summary>
internal sealed class BlobEndpoints(IBlobs blobs, BlobService service, BlobSender sender, StoreLinks links, LinkChecks checks)
{
    private const string Immutable = "private, max-age=31536000, immutable";

    /// <summary><c>GET</c> and <c>HEAD …/blobs/{digest}</c>, whole or one range, conditional by ETag.</summary>
    public async Task ServeAsync(DistributionRequest request) => await ServeAsync(request, await service.FindAsync(request));

    /// <summary>The same, of a blob that was found.</summary>
    public async Task ServeAsync(DistributionRequest request, BlobRecord blob)
    {
        var response = request.Http.Response;
        response.Headers["Docker-Content-Digest"] = blob.Digest.ToString();
        response.Headers.ETag = EntityTags.Format(blob.Digest);
        response.Headers.CacheControl = Immutable;
        response.Headers.AcceptRanges = "bytes";

        var headers = request.Http.Request.Headers;
        if (headers.IfMatch.Count > 0 && !EntityTags.IfMatchPasses(headers.IfMatch.ToString(), blob.Digest))
        {
            throw new OciException(
                OciErrorCode.BadRequest, $"The blob's ETag is \"{blob.Digest}\", which If-Match does not name.", status: StatusCodes.Status412PreconditionFailed,
                detail: blob.Digest.ToString());
        }

        if (headers.IfNoneMatch.Count > 0 && EntityTags.IfNoneMatchHits(headers.IfNoneMatch.ToString(), blob.Digest))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = MediaTypes.OctetStream;
        // HEAD has no ranges (RFC 9110, 14.2); a range under an If-Range of another ETag means the whole.
        var outcome = RangeOutcome.Whole;
        var range = default(ByteRange);
        if (!request.IsHead && headers.Range.Count > 0 && (headers.IfRange.Count == 0 || EntityTags.IfRangePasses(headers.IfRange.ToString(), blob.Digest)))
            outcome = ByteRange.Parse(headers.Range.ToString(), blob.Size, out range);

        if (outcome == RangeOutcome.Unsatisfiable)
        {
            response.Headers.ContentRange = ByteRange.Unsatisfied(blob.Size);
            response.Headers.CacheControl = "no-store";
            await ErrorResponse.WriteAsync(
                request.Http, StatusCodes.Status416RangeNotSatisfiable, OciErrorCode.SizeInvalid,
                $"The range lies outside the blob's {blob.Size} bytes.", blob.Digest.ToString());
            return;
        }

        if (!request.IsHead)
        {
            await SendAsync(request, blob, outcome, range);
            return;
        }

        response.ContentLength = blob.Size;
    }

    private async Task SendAsync(DistributionRequest request, BlobRecord blob, RangeOutcome outcome, ByteRange range)
    {
        // The client asks the store for the same range. That the bytes are there is the row's word: it is looked after, not before.
        var isDoubtful = checks.IsDoubtful;
        if (!isDoubtful && await links.TryRedirectAsync(request, blob, blob.Location))
        {
            checks.Given(request, blob);
            return;
        }

        await using var reader = await service.OpenAsync(request, blob);
        if (isDoubtful)
        {
            checks.Confirm();
            if (await links.TryRedirectAsync(request, blob, reader.Location)) return;
        }

        var response = request.Http.Response;
        var (start, length) = outcome == RangeOutcome.Partial ? (range.Start, range.Length) : (0, blob.Size);
        if (outcome == RangeOutcome.Partial)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = range.ToContentRange(blob.Size);
        }

        response.ContentLength = length;
        await sender.SendAsync(request.Http, reader, start, length);
    }

    /// <summary><c>DELETE …/blobs/{digest}</c>: ends this repository's membership, never bytes that others have.</summary>
    public async Task DeleteAsync(DistributionRequest request)
    {
        var digest = request.Target.Digest;
        var result = await blobs.DeleteBlobAsync(request.Registry.Id, request.Repository, digest, request.Caller, request.Aborted);
        switch (result.Outcome)
        {
            case DeleteOutcome.Unknown:
                throw BlobService.Unknown(digest);
            case DeleteOutcome.Held when result.HeldUntil is { } until:
                throw new OciException(
                    OciErrorCode.Denied,
                    $"The deleted manifest {result.Holder} of this repository uses the blob and can be restored; it is kept until {until:yyyy-MM-dd HH:mm} UTC. "
                    + $"Delete it for good before: DELETE /acr/v1/_deleted/{request.Repository}/_manifests/{result.Holder}",
                    status: StatusCodes.Status409Conflict, detail: result.Holder.ToString());
            case DeleteOutcome.Held:
                throw new OciException(
                    OciErrorCode.Denied, $"The manifest {result.Holder} of this repository uses the blob; delete that manifest first.",
                    status: StatusCodes.Status409Conflict, detail: result.Holder.ToString());
            default:
                request.Http.Response.StatusCode = StatusCodes.Status202Accepted;
                request.Http.Response.ContentLength = 0;
                return;
        }
    }
}
