using System.Net;
using System.Net.Http.Headers;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;

namespace Berth.Oci.Client;

/// <summary>Blobs (OCI distribution spec, "Pulling blobs", "Deleting Blobs").</summary>
public sealed partial class RegistryClient
{
    /// <summary>The size of a blob in bytes; null when the repository does not hold it.</summary>
    public async Task<long?> FindBlobAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(
            Blob(HttpMethod.Head, repository, digest, [HttpStatusCode.OK, HttpStatusCode.NotFound]), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        return response.Content.Headers.ContentLength
            ?? throw new OciException(OciErrorCode.Unknown, $"{Address.Authority} does not say how long the blob {digest} is.", 502);
    }

    /// <summary>Opens a blob; its content is checked against the digest while it is read.</summary>
    public async Task<BlobDownload> OpenBlobAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        var response = await _transport.SendAsync(Blob(HttpMethod.Get, repository, digest, [HttpStatusCode.OK]), cancellationToken);
        var length = response.Content.Headers.ContentLength;
        return await DownloadAsync(response, length, length, digest, cancellationToken);
    }

    /// <summary>Opens a blob from a position on; a part cannot be checked against the digest, so whoever joins the parts must do that.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="end">The last byte, inclusive; null for the blob's.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="OciException">Status 416 when the blob has no such part; <see cref="OciErrorCode.Unsupported"/> when the registry has no ranges.</exception>
    public async Task<BlobDownload> OpenBlobRangeAsync(
        RepositoryName repository, Digest digest, long start, long? end, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        var request = Blob(
            HttpMethod.Get, repository, digest, [HttpStatusCode.PartialContent, HttpStatusCode.OK], headers => headers.Range = new RangeHeaderValue(start, end));
        var response = await _transport.SendAsync(request, cancellationToken);
        var answered = response.Content.Headers.ContentRange;
        if (response.StatusCode == HttpStatusCode.PartialContent && answered?.From == start && answered.To is { } last && !(last > end))
            return await DownloadAsync(response, last - start + 1, answered.Length, default, cancellationToken);

        response.Dispose();
        throw new OciException(OciErrorCode.Unsupported, $"{Address.Authority} does not serve the bytes {start}-{end} of {digest}.", 502);
    }

    /// <summary>Removes a blob from a repository; false when it was not there.</summary>
    public async Task<bool> DeleteBlobAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Delete,
            Address = At($"/v2/{repository}/blobs/{digest}"),
            Scopes = [TokenScopes.Delete(repository)],
            Expected = [HttpStatusCode.Accepted, HttpStatusCode.NotFound],
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.Accepted;
    }

    private RegistryRequest Blob(
        HttpMethod method, RepositoryName repository, Digest digest, HttpStatusCode[] expected, Action<HttpRequestHeaders>? headers = null) => new()
        {
            Method = method,
            Address = At($"/v2/{repository}/blobs/{digest}"),
            Scopes = [TokenScopes.Pull(repository)],
            Expected = expected,
            Headers = headers,
        };

    private async Task<BlobDownload> DownloadAsync(
        HttpResponseMessage response, long? length, long? total, Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return new BlobDownload(response, new VerifyingStream(stream, length, digest, _options), length, total);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
