using System.Globalization;
using System.Net;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;
using Berth.Oci.Http;

namespace Berth.Oci.Client;

/// <summary>Upload sessions, step by step (OCI distribution spec, "Pushing blobs").</summary>
public sealed partial class RegistryClient
{
    /// <summary>Opens an upload.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="algorithm">The algorithm of the digest to come (<c>?digest-algorithm=</c>); null leaves it to the registry.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<BlobUpload> StartUploadAsync(RepositoryName repository, DigestAlgorithm? algorithm, CancellationToken cancellationToken)
    {
        var query = algorithm is { } named ? $"?digest-algorithm={named.Name()}" : "";
        using var response = await _transport.SendAsync(
            Upload(HttpMethod.Post, repository, At($"/v2/{repository}/blobs/uploads/{query}"), HttpStatusCode.Accepted), cancellationToken);
        return Continue(response, repository, 0);
    }

    /// <summary>
    /// Makes a blob of another repository one of this repository, without a transfer. Null when that is done; else the upload that the registry
    /// opened instead, because the source does not hold it or may not be read.
    /// </summary>
    /// <param name="repository">The repository that is to hold the blob.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="source">A repository that holds it; null asks the registry to find one.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<BlobUpload?> MountBlobAsync(RepositoryName repository, Digest digest, RepositoryName? source, CancellationToken cancellationToken)
    {
        var from = source is { } named ? $"&from={Uri.EscapeDataString(named.Value)}" : "";
        var request = new RegistryRequest
        {
            Method = HttpMethod.Post,
            Address = At($"/v2/{repository}/blobs/uploads/?mount={digest}{from}"),
            Scopes = source is { } other ? [TokenScopes.Push(repository), TokenScopes.Pull(other)] : [TokenScopes.Push(repository)],
            Expected = [HttpStatusCode.Created, HttpStatusCode.Accepted],
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.Created ? null : Continue(response, repository, 0);
    }

    /// <summary>Sends the next chunk: as many bytes of the stream as given, with their place in <c>Content-Range</c>.</summary>
    /// <exception cref="OciException">Status 416 when the registry holds another number of bytes; ask <see cref="GetUploadAsync"/>.</exception>
    public async Task<BlobUpload> SendChunkAsync(BlobUpload upload, Stream content, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var place = new ContentRange(upload.Offset, upload.Offset + length - 1);
        using var response = await _transport.SendAsync(
            Upload(HttpMethod.Patch, upload.Repository, upload.Location, HttpStatusCode.Accepted, () => Slice(content, length, place)), cancellationToken);
        return Continue(response, upload.Repository, place.End + 1);
    }

    /// <summary>Sends all that is left of a stream in one request of unknown length.</summary>
    public async Task<BlobUpload> SendStreamAsync(BlobUpload upload, Stream content, CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(
            Upload(HttpMethod.Patch, upload.Repository, upload.Location, HttpStatusCode.Accepted, () => Slice(content, long.MaxValue, null)), cancellationToken);
        return Continue(response, upload.Repository, upload.Offset);
    }

    /// <summary>Asks how far an upload is; null when the registry knows no such upload, because it ended or expired.</summary>
    public async Task<BlobUpload?> GetUploadAsync(BlobUpload upload, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Get,
            Address = upload.Location,
            Scopes = [TokenScopes.Push(upload.Repository)],
            Expected = [HttpStatusCode.NoContent, HttpStatusCode.NotFound],
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound ? null : Continue(response, upload.Repository, 0);
    }

    /// <summary>Ends an upload: what was sent becomes the blob.</summary>
    public Task CompleteUploadAsync(BlobUpload upload, Digest digest, CancellationToken cancellationToken) =>
        CompleteUploadAsync(upload, digest, Stream.Null, 0, cancellationToken);

    /// <summary>Ends an upload with its last bytes, or with all of them: a monolithic push.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.DigestInvalid"/> when the whole does not have the digest.</exception>
    public async Task CompleteUploadAsync(BlobUpload upload, Digest digest, Stream content, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ContentRange? place = upload.Offset > 0 && length > 0 ? new ContentRange(upload.Offset, upload.Offset + length - 1) : null;
        using var response = await _transport.SendAsync(
            Upload(HttpMethod.Put, upload.Repository, WithDigest(upload.Location, digest), HttpStatusCode.Created, () => Slice(content, length, place)),
            cancellationToken);
        CheckStored(response, digest);
    }

    /// <summary>Gives an upload up; false when the registry knows no such upload.</summary>
    public async Task<bool> CancelUploadAsync(BlobUpload upload, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Delete,
            Address = upload.Location,
            Scopes = [TokenScopes.Push(upload.Repository)],
            Expected = [HttpStatusCode.NoContent, HttpStatusCode.NotFound],
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.NoContent;
    }

    private static RegistryRequest Upload(
        HttpMethod method, RepositoryName repository, Uri address, HttpStatusCode expected, Func<HttpContent>? content = null) => new()
        {
            Method = method,
            Address = address,
            Scopes = [TokenScopes.Push(repository)],
            Expected = [expected],
            Content = content,
            Repeatable = content is null,
        };

    /// <summary>The bytes of one request; <see cref="long.MaxValue"/> stands for all that is left, of unknown length.</summary>
    private static StreamContent Slice(Stream stream, long length, ContentRange? place)
    {
        var content = new StreamContent(new StreamSlice(stream, length));
        content.Headers.ContentType = new(MediaTypes.OctetStream);
        if (length != long.MaxValue) content.Headers.ContentLength = length;
        if (place is { } range) content.Headers.TryAddWithoutValidation("Content-Range", range.ToString());
        return content;
    }

    private static Uri WithDigest(Uri location, Digest digest)
    {
        // Whatever the registry put in the query is its state and goes back as it came.
        var separator = location.Query.Length > 1 ? '&' : '?';
        return new Uri($"{location.GetLeftPart(UriPartial.Query).TrimEnd('?')}{separator}digest={Uri.EscapeDataString(digest.ToString())}");
    }

    private BlobUpload Continue(HttpResponseMessage response, RepositoryName repository, long offset)
    {
        var location = response.Headers.Location
            ?? throw new OciException(OciErrorCode.BlobUploadInvalid, $"{Address.Authority} does not say where the upload goes on.", 502);
        var held = Header(response, "Range") is { } text && ContentRange.TryParse(text, out var range) && range.Start == 0 ? range.End + 1 : offset;

        // "0-0" stands for one byte, and by custom for none: that is what an upload just opened says of itself.
        if (held == 1 && offset == 0) held = 0;
        var minimum = long.TryParse(Header(response, "OCI-Chunk-Min-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
        return new BlobUpload(repository, Resolve(response, location), held, minimum);
    }

    /// <summary>The address of the next step; another host is fine, it is not shown the credential, but content does not leave TLS.</summary>
    private Uri Resolve(HttpResponseMessage response, Uri location)
    {
        var address = new Uri(response.RequestMessage!.RequestUri!, location);
        if (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && Address.Scheme == Uri.UriSchemeHttp)) return address;
        throw new OciException(OciErrorCode.BlobUploadInvalid, $"{Address.Authority} names {address.Scheme}://{address.Host} for the upload; it is not used.", 502);
    }

    private void CheckStored(HttpResponseMessage response, Digest digest)
    {
        var stored = DigestOf(response);
        if (stored.IsDefault || stored == digest || stored.Algorithm != digest.Algorithm) return;
        throw new OciException(OciErrorCode.DigestInvalid, $"{Address.Authority} stored {stored} instead of {digest}.", 502, digest.ToString());
    }
}
