using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.Identity;
using Berth.Registry.Jobs;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Registry.Distribution;

/// <summary>The routes of upload sessions (OCI distribution spec, "Pushing blobs").</summary>
internal sealed partial class UploadEndpoints(
    UploadService uploads, PromisedSessions promised, WholeUploads wholes, BlobService blobs, IUploads sessions, MountService mounts, UploadAdmission admission, UploadPlaces places, Node node)
{
    /// <summary><c>POST …/blobs/uploads/</c>: opens a session; with <c>?mount=</c> mounts a blob, with <c>?digest=</c> takes the whole blob.</summary>
    public async Task StartAsync(DistributionRequest request)
    {
        if (IsWhole(request.Http))
        {
            // Bytes may come with it, and then it has had no turn: its place stands for that, whether it mounts or not.
            using var place = await places.TakeAsync(request.Http, request.Registry);
            if (!await TryMountAsync(request)) await TakeWholeAsync(request, ParseDigest(request.Query("digest") ?? ""));
            return;
        }

        if (await TryMountAsync(request)) return;

        var algorithm = DigestAlgorithm.Sha256;
        if (request.Query("digest-algorithm") is { } name && !DigestAlgorithms.TryParse(name, out algorithm))
            throw new OciException(OciErrorCode.DigestInvalid, "digest-algorithm must be sha256 or sha512.", detail: name);

        // Nothing is sent yet: a client that is told now to come later can, while one that sends already mostly cannot.
        places.Check(request.Registry);
        if (algorithm == DigestAlgorithm.Sha256 && await PromiseAsync(request) is { } ticket)
        {
            AnswerAccepted(request, ticket, 0);
            return;
        }

        AnswerAccepted(request, await OpenAsync(request, algorithm, whole: default));
    }

    /// <summary><c>GET …/blobs/uploads/{id}</c>: how far the session is.</summary>
    public async Task StatusAsync(DistributionRequest request)
    {
        var upload = await FindOpenAsync(request);
        SetSessionHeaders(request, upload?.Id ?? request.Target.UploadId!, upload?.Offset ?? 0);
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary><c>PATCH …/blobs/uploads/{id}</c>: appends a chunk, or a stream of unknown length.</summary>
    public async Task AppendAsync(DistributionRequest request)
    {
        PrepareBody(request);
        var range = ReadRange(request);
        if (request.AsOf is { } asOf)
        {
            using var place = await places.TakeAsync(request.Http, request.Registry);
            await AppendAsync(request, await uploads.TakeAsync(request, asOf, range?.Start), range);
            return;
        }

        using var ofUpload = await places.TakeAsync(request.Http, request.Registry);
        var upload = await FindOpenAsync(request);
        if (IsOutOfOrder(range, upload))
        {
            await RefuseOutOfOrderAsync(request, upload);
            return;
        }

        await AppendAsync(request, upload is null ? await OpenPromisedAsync(request, DigestAlgorithm.Sha256) : await uploads.AcquireAsync(request, upload), range);
    }

    /// <summary>Whether a POST says the digest of a blob that it brings itself.</summary>
    public static bool IsWhole(HttpContext context) => context.Request.Query.ContainsKey("digest");

    /// <summary>How a POST that mounts nothing reads its caller's epochs: with what a promise depends on, where every node would keep it.</summary>
    public IEpochReading OpeningFor(HttpContext context, RegistryRecord registry, RequestTarget target) =>
        node.AllUnderstand(NodeDescription.PromisedSessions) && !IsWhole(context) ? promised.ReadingFor(registry, target) : uploads.OpeningFor(registry, target);

    /// <summary>How a PATCH takes its session, or reads it.</summary>
    public UploadReading TakingFor(RegistryRecord registry, RequestTarget target, bool mayTake) =>
        uploads.ReadingFor(registry, target, digest: default, isCompared: mayTake && !UploadTickets.IsTicket(target.UploadId!));

    /// <summary>How a PUT reads its session, or takes it where bytes come; null where it does not say well what it finishes.</summary>
    public UploadReading? ReadingFor(HttpContext context, RegistryRecord registry, RequestTarget target, bool mayTake) =>
        context.Request.Query["digest"] is [{ } text] && Digest.TryParse(text, out var digest)
            ? uploads.ReadingFor(registry, target, digest, isCompared: mayTake && context.Request.ContentLength > 0 && !UploadTickets.IsTicket(target.UploadId!))
            : null;

    /// <summary><c>PUT …/blobs/uploads/{id}?digest=</c>: the last bytes, if any, and the commit.</summary>
    public async Task FinishAsync(DistributionRequest request)
    {
        PrepareBody(request);
        var digest = ParseDigest(request.Query("digest") ?? throw new OciException(
            OciErrorCode.DigestInvalid, "The digest of the blob is missing: finish the upload with ?digest=<digest>."));

        var range = ReadRange(request);
        if (request.AsOf is { } asOf)
        {
            using var place = await places.TakeAsync(request.Http, request.Registry);
            await FinishAsync(request, await uploads.TakeAsync(request, asOf, range?.Start), digest, range);
            return;
        }

        // Bytes that come with it have put its turn off: its place stands for that, from the first look on.
        var brings = request.Http.Request.ContentLength != 0;
        using var ofBytes = await TakePlaceAsync(request, brings);
        var upload = await uploads.FindAsync(request);
        if (upload is null)
        {
            await FinishPromisedAsync(request, digest, range, !brings);
            return;
        }

        if (upload.State == UploadState.Done)
        {
            // The answer that was lost, given again: it promises the bytes anew.
            if (upload.Digest != digest || await blobs.FindAsync(request, digest) is null) throw UploadService.Unknown(upload.Id);
            AnswerCreated(request, digest);
            return;
        }

        if (IsOutOfOrder(range, upload))
        {
            await RefuseOutOfOrderAsync(request, upload);
            return;
        }

        // A session with a writer is taken as any other: that writer may be one that died with an earlier process.
        var isWhole = upload is { Offset: > 0, WriterUntil: null } && request.Http.Request.ContentLength == 0;
        if (isWhole && await uploads.TryCompleteAtRestAsync(request, upload, digest))
        {
            AnswerFinished(request, digest);
            return;
        }

        using var ofUpload = await TakePlaceAsync(request, !brings);
        await FinishAsync(request, await uploads.AcquireAsync(request, upload), digest, range);
    }

    /// <summary><c>DELETE …/blobs/uploads/{id}</c>: ends the session without a blob.</summary>
    public async Task CancelAsync(DistributionRequest request)
    {
        if (await FindOpenAsync(request) is { } upload)
        {
            await uploads.CancelAsync(request, upload);
            admission.Ended(request);
        }
        else await promised.CancelAsync(request);

        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Reads a digest that a client gave in the query.</summary>
    public static Digest ParseDigest(string text) => Digest.TryParse(text, out var digest) ? digest : throw new OciException(
        OciErrorCode.DigestInvalid, "The digest is not sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
        detail: ClientText.Shorten(text, 300));

    private async ValueTask<UploadPlaces.Place?> TakePlaceAsync(DistributionRequest request, bool isLacking) =>
        isLacking ? await places.TakeAsync(request.Http, request.Registry) : null;

    private async Task<bool> TryMountAsync(DistributionRequest request)
    {
        if (request.Query("mount") is not { Length: > 0 } text) return false;
        var digest = ParseDigest(text);
        if (!await mounts.TryMountAsync(request, digest, request.Query("from"))) return false;
        AnswerCreated(request, digest);
        return true;
    }

    private async Task TakeWholeAsync(DistributionRequest request, Digest digest)
    {
        PrepareBody(request);
        var upload = await OpenAsync(request, digest.Algorithm, whole: digest);
        try
        {
            await ReceiveAndCompleteAsync(request, upload, digest, expected: null);
        }
        catch
        {
            // Its client never learnt the session's id, so nobody can go on with it.
            await sessions.AbortUploadAsync(upload.Id, upload.Epoch, request.Caller, CancellationToken.None);
            throw;
        }
        finally
        {
            admission.Ended(request);
        }

        AnswerCreated(request, digest);
    }

    private async Task AppendAsync(DistributionRequest request, UploadRecord taken, ContentRange? range)
    {
        if (await RefuseIfMovedAsync(request, taken, range)) return;
        await using var transfer = await uploads.BeginAsync(request, taken, taken.Algorithm);
        await uploads.ReceiveAsync(request, taken, transfer, range?.Length);
        var offset = await uploads.RecordAsync(taken, transfer);
        AnswerAccepted(request, taken with { Offset = offset });
    }

    private async Task FinishAsync(DistributionRequest request, UploadRecord taken, Digest digest, ContentRange? range)
    {
        if (await RefuseIfMovedAsync(request, taken, range)) return;
        await ReceiveAndCompleteAsync(request, taken, digest, range?.Length);
        AnswerFinished(request, digest);
    }

    /// <summary>The one request of a promised session that brings everything: few bytes go straight to the commit.</summary>
    private async Task FinishPromisedAsync(DistributionRequest request, Digest digest, ContentRange? range, bool lacksPlace)
    {
        if (range is not { Start: > 0 } && request.Http.Request.ContentLength is { } length and <= WholeUploads.MostBytes && request.Reading is UploadReading { OpenRepository: { } repository })
        {
            using var ofWhole = await TakePlaceAsync(request, lacksPlace);
            await wholes.PushAsync(request, repository.Id, digest, (int)length);
            AnswerCreated(request, digest);
            return;
        }

        if (await promised.HasEndedAsync(request, digest))
        {
            AnswerCreated(request, digest);
            return;
        }

        if (range is { Start: > 0 })
        {
            await RefuseOutOfOrderAsync(request, null);
            return;
        }

        using var place = await TakePlaceAsync(request, lacksPlace);
        await FinishAsync(request, await OpenPromisedAsync(request, digest.Algorithm), digest, range);
    }

    /// <summary>Promises a session where that may be done, to whoever might open one.</summary>
    private async ValueTask<string?> PromiseAsync(DistributionRequest request)
    {
        if (await promised.PromiseAsync(request) is not { } ticket) return null;
        await admission.CheckAsync(request);
        admission.Ended(request);
        return ticket;
    }

    private Task<UploadRecord> OpenAsync(DistributionRequest request, DigestAlgorithm algorithm, Digest whole) =>
        AdmittedAsync(request, () => uploads.OpenAsync(request, algorithm, whole));

    private Task<UploadRecord> OpenPromisedAsync(DistributionRequest request, DigestAlgorithm algorithm) =>
        AdmittedAsync(request, () => promised.OpenAsync(request, algorithm));

    private async Task<UploadRecord> AdmittedAsync(DistributionRequest request, Func<Task<UploadRecord>> open)
    {
        await admission.CheckAsync(request);
        try
        {
            return await open();
        }
        catch
        {
            admission.Ended(request);
            throw;
        }
    }

    private async Task ReceiveAndCompleteAsync(DistributionRequest request, UploadRecord upload, Digest digest, long? expected)
    {
        await using var transfer = await uploads.BeginAsync(request, upload, digest.Algorithm);
        await uploads.ReceiveAsync(request, upload, transfer, expected);
        await uploads.CompleteAsync(request, upload, transfer, digest);
    }

    private async ValueTask<UploadRecord?> FindOpenAsync(DistributionRequest request)
    {
        var upload = await uploads.FindAsync(request);
        if (upload is null) await promised.CheckOpenAsync(request);
        return upload?.State == UploadState.Done ? throw UploadService.Unknown(upload.Id) : upload;
    }

    private static void PrepareBody(DistributionRequest request)
    {
        var encoding = request.Http.Request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw new OciException(OciErrorCode.Unsupported, "Content-Encoding is not supported: send the blob's bytes as they are.", status: 415);
        if (request.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
    }

    private static ContentRange? ReadRange(DistributionRequest request)
    {
        var header = request.Http.Request.Headers.ContentRange;
        if (header.Count == 0) return null;
        if (!ContentRange.TryParse(header.ToString(), out var range))
            throw new OciException(OciErrorCode.BlobUploadInvalid, "Content-Range must be <first byte>-<last byte>.", detail: Shorten(header.ToString()));
        if (request.Http.Request.ContentLength is { } length && length != range.Length)
            throw new OciException(OciErrorCode.SizeInvalid, $"Content-Range announces {range.Length} bytes, Content-Length {length}.");
        return range;
    }

    private static bool IsOutOfOrder(ContentRange? range, UploadRecord? upload) => range is { } chunk && chunk.Start != (upload?.Offset ?? 0);

    // Before the session was taken, another request may have appended.
    private async Task<bool> RefuseIfMovedAsync(DistributionRequest request, UploadRecord taken, ContentRange? range)
    {
        if (!IsOutOfOrder(range, taken)) return false;
        await uploads.ReleaseAsync(taken);
        await RefuseOutOfOrderAsync(request, taken);
        return true;
    }

    private static Task RefuseOutOfOrderAsync(DistributionRequest request, UploadRecord? upload)
    {
        var (id, offset) = upload is null ? (request.Target.UploadId!, 0) : (upload.Id, upload.Offset);
        SetSessionHeaders(request, id, offset);
        return ErrorResponse.WriteAsync(
            request.Http, StatusCodes.Status416RangeNotSatisfiable, OciErrorCode.BlobUploadInvalid,
            $"The chunk does not start where the upload session stands, at byte {offset}; nothing of it was stored.", id);
    }

    private static void AnswerAccepted(DistributionRequest request, UploadRecord upload) => AnswerAccepted(request, upload.Id, upload.Offset);

    private static void AnswerAccepted(DistributionRequest request, string id, long offset)
    {
        SetSessionHeaders(request, id, offset);
        request.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        request.Http.Response.ContentLength = 0;
    }

    private static void SetSessionHeaders(DistributionRequest request, string id, long offset)
    {
        var headers = request.Http.Response.Headers;
        headers.Location = $"/v2/{request.Repository}/blobs/uploads/{id}";
        headers["Docker-Upload-UUID"] = id;
        // An empty session, too, must have a Range that parses (OCI distribution spec, "Pushing a blob in chunks").
        headers["Range"] = $"0-{Math.Max(0, offset - 1)}";
    }

    private void AnswerFinished(DistributionRequest request, Digest digest)
    {
        admission.Ended(request);
        AnswerCreated(request, digest);
    }

    private static void AnswerCreated(DistributionRequest request, Digest digest)
    {
        var response = request.Http.Response;
        response.Headers.Location = $"/v2/{request.Repository}/blobs/{digest}";
        response.Headers["Docker-Content-Digest"] = digest.ToString();
        response.StatusCode = StatusCodes.Status201Created;
        response.ContentLength = 0;
    }

    private static string Shorten(string text) => ClientText.Shorten(text, 100);
}
