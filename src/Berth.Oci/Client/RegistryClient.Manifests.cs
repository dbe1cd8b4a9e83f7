using System.Net;
using System.Net.Http.Headers;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;

namespace Berth.Oci.Client;

/// <summary>Manifests and tags (OCI distribution spec, "Pulling manifests", "Pushing Manifests", "Deleting Manifests").</summary>
public sealed partial class RegistryClient
{
    /// <summary>
    /// The descriptor of a manifest; null when the repository does not hold it. The digest is default when it was asked for by tag and the registry does
    /// not name it.
    /// </summary>
    public async Task<Descriptor?> FindManifestAsync(RepositoryName repository, Reference reference, CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(
            Read(HttpMethod.Head, repository, reference, [HttpStatusCode.OK, HttpStatusCode.NotFound]), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        var digest = reference.IsDigest ? reference.Digest : DigestOf(response);
        return new Descriptor(TypeOf(response), digest, response.Content.Headers.ContentLength ?? 0);
    }

    /// <summary>Reads a manifest and checks its digest.</summary>
    /// <exception cref="OciException">
    /// <see cref="OciErrorCode.ManifestUnknown"/>; <see cref="OciErrorCode.DigestInvalid"/> for other bytes than the digest says;
    /// <see cref="OciErrorCode.SizeInvalid"/> for more than <see cref="OciLimits.ManifestBytes"/>.
    /// </exception>
    public async Task<RemoteManifest> GetManifestAsync(RepositoryName repository, Reference reference, CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(Read(HttpMethod.Get, repository, reference, [HttpStatusCode.OK]), cancellationToken);
        var bytes = await TimeLimit.RunAsync(
            _options.ResponseLimit,
            _options.Time,
            Address.Authority,
            token => BoundedBody.TryReadAsync(response.Content, OciLimits.ManifestBytes, token),
            cancellationToken)
            ?? throw new OciException(OciErrorCode.SizeInvalid, $"The manifest {reference} has more than {OciLimits.ManifestBytes} bytes.", 502);

        var named = DigestOf(response);
        var expected = reference.IsDigest ? reference.Digest : named;
        var actual = Digest.Compute(expected.IsDefault ? DigestAlgorithm.Sha256 : expected.Algorithm, bytes);
        if (!expected.IsDefault && actual != expected)
        {
            throw new OciException(
                OciErrorCode.DigestInvalid, $"{Address.Authority} sent {actual} instead of {expected}; it is not to be used.", 502, expected.ToString());
        }

        return new RemoteManifest(TypeOf(response), actual, bytes);
    }

    /// <summary>Pushes a manifest.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="reference">The tag to set, or the digest of the bytes.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="bytes">The manifest.</param>
    /// <param name="tags">Tags to set besides (<c>?tag=</c>); only with a digest as reference.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<ManifestPush> PutManifestAsync(
        RepositoryName repository,
        Reference reference,
        string mediaType,
        ReadOnlyMemory<byte> bytes,
        IReadOnlyList<Tag> tags,
        CancellationToken cancellationToken)
    {
        var query = tags.Count == 0 ? "" : $"?{string.Join('&', tags.Select(tag => $"tag={tag}"))}";
        var request = new RegistryRequest
        {
            Method = HttpMethod.Put,
            Address = At($"/v2/{repository}/manifests/{reference}{query}"),
            Scopes = [TokenScopes.Push(repository)],
            Expected = [HttpStatusCode.Created],
            Content = () =>
            {
                var content = new ReadOnlyMemoryContent(bytes);
                content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
                return content;
            },
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        var named = DigestOf(response);
        var algorithm = reference.IsDigest ? reference.Digest.Algorithm : named.IsDefault ? DigestAlgorithm.Sha256 : named.Algorithm;
        var digest = Digest.Compute(algorithm, bytes.Span);
        CheckStored(response, digest);
        _ = Digest.TryParse(Header(response, "OCI-Subject"), out var subject);
        var set = response.Headers.NonValidated.TryGetValues("OCI-Tag", out var values) ? values.SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries)) : [];
        return new ManifestPush(digest, subject, [.. set]);
    }

    /// <summary>Deletes a manifest with its tags (by digest), or a tag alone (by tag); false when it was not there.</summary>
    public async Task<bool> DeleteManifestAsync(RepositoryName repository, Reference reference, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Delete,
            Address = At($"/v2/{repository}/manifests/{reference}"),
            Scopes = [TokenScopes.Delete(repository)],
            Expected = [HttpStatusCode.Accepted, HttpStatusCode.NotFound],
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.Accepted;
    }

    private RegistryRequest Read(HttpMethod method, RepositoryName repository, Reference reference, HttpStatusCode[] expected) => new()
    {
        Method = method,
        Address = At($"/v2/{repository}/manifests/{reference}"),
        Scopes = [TokenScopes.Pull(repository)],
        Expected = expected,
        Headers = AcceptManifests,
    };

    private static void AcceptManifests(HttpRequestHeaders headers)
    {
        foreach (var type in MediaTypes.ManifestTypes) headers.Accept.ParseAdd(type);
    }

    private static string TypeOf(HttpResponseMessage response)
    {
        var header = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : "";
        return header.Split(';', 2)[0].Trim();
    }
}
