using System.Buffers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.Identity;
using Berth.Registry.Lifecycle;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Berth.Registry.Distribution;

/// <summary>The routes of manifests (OCI distribution spec, "Pulling manifests", "Pushing Manifests", "Deleting Manifests").</summary>
internal sealed class ManifestEndpoints(
    IManifests manifests, ManifestService service, ReferrersIndex referrers, AccessLog accessLog, UsageLog usageLog, QuarantineGate quarantine, DistributionOptions options,
    TimeProvider time)
{
    private const string Immutable = "private, max-age=31536000, immutable";
    private const string Revalidate = "private, no-cache";

    // The server's own limit counts the framing of chunks, too: six bytes for a chunk of one.
    private const long MaxBytesOnTheWire = 6L * OciLimits.ManifestBytes + 1024;

    /// <summary>
    /// <c>GET</c> and <c>HEAD …/manifests/{reference}</c>: the bytes exactly as pushed, whatever the client says it accepts. A tag of the
    /// fallback schema that nobody pushed is answered from the referrers.
    /// </summary>
    public async Task GetAsync(DistributionRequest request)
    {
        var reference = request.Target.Reference;
        var reading = request.Reading as ManifestReading ?? ReadingFor(request.Registry, request.Target, request.IsHead);
        var manifest = await reading.FindAsync(request.Aborted);
        if (manifest is null || quarantine.Hides(request.Rights, reference, manifest))
        {
            if (!reference.IsDigest && await referrers.ComposeTagAsync(request, reference.Tag) is var (view, subject, isWhole))
            {
                if (!isWhole)
                {
                    request.Http.Response.Headers.Warning =
                        $"299 - \"Only the first referrers are listed here; GET /v2/{request.Repository}/referrers/{subject} lists all, in pages\"";
                }

                await SendAsync(request, Digest.Compute(DigestAlgorithm.Sha256, view), MediaTypes.OciIndex, view.Length, view);
                return;
            }

            throw ManifestService.Unknown(reference);
        }

        if (!request.IsHeadOfPush)
        {
            quarantine.CheckPull(request.Rights, request.Repository, manifest);
            LockRefusal.CheckPull(request.Repository, reference, manifest);
        }

        if (!request.IsHead)
        {
            var address = request.Http.Connection.RemoteIpAddress?.ToString();
            accessLog.Record(AccessEventKinds.Pull, request.Registry.Id, request.Principal.Name, address, request.Repository.Value, requestId: null);
            usageLog.RecordPull(request.Registry, request.Repository, manifest.Digest, request.Principal, address, request.Http.Request.Headers.UserAgent);
        }

        await SendAsync(request, manifest.Digest, manifest.MediaType, manifest.Size, manifest.Bytes);
    }

    /// <summary>How a GET or HEAD of a manifest reads it.</summary>
    public ManifestReading ReadingFor(RegistryRecord registry, RequestTarget target, bool isHead) => new(manifests, registry.Id, target, isHead);

    /// <summary><c>PUT …/manifests/{reference}</c>, by digest also with <c>?tag=</c> once or more.</summary>
    public async Task PutAsync(DistributionRequest request)
    {
        var (tags, fromQuery) = TagsOf(request);
        var body = await ReadBodyAsync(request);
        await RequestTurns.TakePostponedAsync(request.Http);
        var (manifest, digest) = await service.PutAsync(request, body, tags);

        var response = request.Http.Response;
        response.Headers.Location = $"/v2/{request.Repository}/manifests/{digest}";
        response.Headers["Docker-Content-Digest"] = digest.ToString();
        if (manifest.Subject is { } subject) response.Headers["OCI-Subject"] = subject.Digest.ToString();
        if (fromQuery) response.Headers["OCI-Tag"] = new StringValues([.. tags.Select(t => t.Value)]);
        response.StatusCode = StatusCodes.Status201Created;
        response.ContentLength = 0;
    }

    /// <summary><c>DELETE …/manifests/{reference}</c>: by digest the manifest with its tags, by tag the tag alone.</summary>
    public async Task DeleteAsync(DistributionRequest request)
    {
        await service.DeleteAsync(request);
        request.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        request.Http.Response.ContentLength = 0;
    }

    private static Task SendAsync(DistributionRequest request, Digest digest, string mediaType, long size, byte[]? bytes)
    {
        var response = request.Http.Response;
        var text = digest.ToString();
        response.Headers["Docker-Content-Digest"] = text;
        response.Headers.ETag = EntityTags.Format(digest);
        response.Headers.CacheControl = request.Target.Reference.IsDigest ? Immutable : Revalidate;

        var conditions = request.Http.Request.Headers.IfNoneMatch;
        if (conditions.Count > 0 && EntityTags.IfNoneMatchHits(conditions.ToString(), digest))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = mediaType;
        response.ContentLength = size;
        return request.IsHead || bytes is null ? Task.CompletedTask : response.BodyWriter.WriteAsync(bytes, request.Aborted).AsTask();
    }

    private static (IReadOnlyList<Tag> Tags, bool FromQuery) TagsOf(DistributionRequest request)
    {
        var reference = request.Target.Reference;
        var values = request.Http.Request.Query["tag"];
        if (!reference.IsDigest)
        {
            if (values.Count > 0) throw new OciException(OciErrorCode.TagInvalid, "?tag= goes with a push by digest; this one is by tag already.");
            return ([reference.Tag], false);
        }

        if (values.Count > OciLimits.TagsPerPush)
            throw new OciException(OciErrorCode.TagInvalid, $"One push may set at most {OciLimits.TagsPerPush} tags.", status: StatusCodes.Status414UriTooLong);

        var tags = new List<Tag>(values.Count);
        foreach (var value in values)
        {
            if (!Tag.TryParse(value, out var tag)) throw new OciException(OciErrorCode.TagInvalid, "A value of ?tag= is not a tag.", detail: value);
            if (!tags.Contains(tag)) tags.Add(tag);
        }

        return (tags, tags.Count > 0);
    }

    private async Task<byte[]> ReadBodyAsync(DistributionRequest request)
    {
        var http = request.Http.Request;
        if (http.Headers.ContentEncoding.Count > 0 && !http.Headers.ContentEncoding.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw new OciException(OciErrorCode.Unsupported, "Content-Encoding is not supported: send the manifest's bytes as they are.", status: 415);
        if (http.ContentLength > OciLimits.ManifestBytes) throw TooLarge();
        if (request.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBytesOnTheWire;

        var reader = http.BodyReader;
        using var window = new TransferWindow(options.StallLimit, time, request.Aborted);
        long seen = 0;
        while (true)
        {
            var read = await window.ReadAsync(reader);
            if (read.Buffer.Length > OciLimits.ManifestBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw TooLarge();
            }

            window.Passed(read.Buffer.Length - seen);
            seen = read.Buffer.Length;
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static OciException TooLarge() => new(
        OciErrorCode.SizeInvalid, $"A manifest may have at most {OciLimits.ManifestBytes} bytes.", status: StatusCodes.Status413PayloadTooLarge);
}
