using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;
using Berth.Oci.Client.Wire;
using Berth.Oci.Http;

namespace Berth.Oci.Client;

/// <summary>Lists, page after page by their <c>Link</c> (OCI distribution spec, "Listing Tags", "Listing Referrers").</summary>
public sealed partial class RegistryClient
{
    private const int MaxPages = 100_000;

    /// <summary>The tags of a repository, in the registry's order.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="pageSize">How many to ask for at a time (<c>n</c>); null leaves it to the registry.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public async IAsyncEnumerable<string> ListTagsAsync(
        RepositoryName repository, int? pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = PagesAsync($"/v2/{repository}/tags/list{Size(pageSize)}", TokenScopes.Pull(repository), WireContext.Default.TagsBody, cancellationToken);
        await foreach (var page in pages)
        {
            foreach (var tag in page?.Tags ?? []) yield return tag;
        }
    }

    /// <summary>The repositories that the client may see, in the registry's order.</summary>
    /// <param name="pageSize">How many to ask for at a time (<c>n</c>); null leaves it to the registry.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public async IAsyncEnumerable<string> ListRepositoriesAsync(int? pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync($"/v2/_catalog{Size(pageSize)}", TokenScopes.Catalog, WireContext.Default.CatalogBody, cancellationToken))
        {
            foreach (var repository in page?.Repositories ?? []) yield return repository;
        }
    }

    /// <summary>
    /// The manifests that refer to a subject. A registry without the referrers API (404) is asked for the tag that stands in for it
    /// (OCI distribution spec, "Referrers Tag Schema").
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="subject">The subject; it need not exist.</param>
    /// <param name="artifactType">Only those of this type, also when the registry does not filter; null for all.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public async IAsyncEnumerable<Referrer> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = artifactType is null ? "" : $"?artifactType={Uri.EscapeDataString(artifactType)}";
        var path = $"/v2/{repository}/referrers/{subject}{query}";
        var scope = TokenScopes.Pull(repository);
        await foreach (var page in PagesAsync(path, scope, WireContext.Default.ReferrersBody, cancellationToken, mayBeAbsent: true))
        {
            var body = page ?? await TaggedReferrersAsync(repository, subject, cancellationToken);
            foreach (var entry in body?.Manifests ?? [])
            {
                if (ToReferrer(entry) is { } referrer && (artifactType is null || referrer.ArtifactType == artifactType)) yield return referrer;
            }
        }
    }

    private async Task<ReferrersBody?> TaggedReferrersAsync(RepositoryName repository, Digest subject, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Get,
            Address = At($"/v2/{repository}/manifests/{Tag.ForReferrersOf(subject)}"),
            Scopes = [TokenScopes.Pull(repository)],
            Expected = [HttpStatusCode.OK, HttpStatusCode.NotFound],
            Headers = headers => headers.Accept.ParseAdd(MediaTypes.OciIndex),
        };
        var (body, _) = await _transport.SendForJsonAsync(request, WireContext.Default.ReferrersBody, cancellationToken);
        return body;
    }

    private static Referrer? ToReferrer(ReferrerEntry? entry)
    {
        if (entry is not { MediaType: { } mediaType, Size: >= 0 and { } size } || !Digest.TryParse(entry.Digest, out var digest)) return null;
        return new Referrer(new Descriptor(mediaType, digest, size), entry.ArtifactType, entry.Annotations ?? new Dictionary<string, string>());
    }

    /// <summary>
    /// Each page of a list; null for one that is absent. Of a link only path and query count, so that a registry behind a proxy that names itself wrongly is still
    /// listed, and a list cannot lead the client to another host.
    /// </summary>
    private async IAsyncEnumerable<T?> PagesAsync<T>(
        string path,
        string scope,
        JsonTypeInfo<T> type,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        bool mayBeAbsent = false)
        where T : class
    {
        var address = At(path);
        for (var pages = 0; pages < MaxPages; pages++)
        {
            var request = new RegistryRequest
            {
                Method = HttpMethod.Get,
                Address = address,
                Scopes = [scope],
                Expected = mayBeAbsent ? [HttpStatusCode.OK, HttpStatusCode.NotFound] : [HttpStatusCode.OK],
            };
            var (body, response) = await _transport.SendForJsonAsync(request, type, cancellationToken);
            yield return body;

            if (!LinkHeader.TryGetNext(Header(response, "Link"), out var target)) yield break;
            if (!Uri.TryCreate(address, target, out var linked) || linked.PathAndQuery == address.PathAndQuery)
                throw new OciException(OciErrorCode.Unknown, $"{Address.Authority} names '{target}' as the page after {address.PathAndQuery}.", 502);
            address = At(linked.PathAndQuery);
        }

        throw new OciException(OciErrorCode.Unknown, $"{Address.Authority} lists more than {MaxPages} pages.", 502);
    }

    private static string Size(int? pageSize) => pageSize is { } n ? string.Create(CultureInfo.InvariantCulture, $"?n={n}") : "";
}
