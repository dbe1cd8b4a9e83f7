using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;

namespace Berth.Registry.Distribution;

/// <summary>The routes of lists: tags, repositories, referrers. Each is keyset-paged; the next page is in the Link header.</summary>
internal sealed class ListEndpoints(IManifests manifests, IQuarantine quarantine, ReferrersIndex referrers)
{
    /// <summary><c>GET …/tags/list</c></summary>
    public async Task TagsAsync(DistributionRequest request)
    {
        var query = PageQuery.Read(request, OciLimits.DefaultPageEntries, OciLimits.PageEntries);
        var page = query.Count == 0 && await manifests.RepositoryExistsAsync(request.Registry.Id, request.Repository, request.Aborted)
            ? new Page<string>([], More: false, Last: null)
            : await ListTagsAsync(request, query.Last, Math.Max(1, query.Count));
        if (page is null)
        {
            throw new OciException(
                OciErrorCode.NameUnknown, $"This registry has no repository '{request.Repository}'.", detail: request.Repository.ToString());
        }

        await AnswerAsync(request, page, query, $"/v2/{request.Repository}/tags/list", writer =>
        {
            writer.WriteString("name", request.Repository.ToString());
            writer.WriteStartArray("tags");
        });
    }

    private ValueTask<Page<string>?> ListTagsAsync(DistributionRequest request, string? after, int limit) => request.Rights.MayReadQuarantined
        ? manifests.ListTagsAsync(request.Registry.Id, request.Repository, after, limit, request.Aborted)
        : quarantine.ListTagsToPullAsync(request.Registry.Id, request.Repository, after, limit, request.Aborted);

    /// <summary><c>GET /v2/_catalog</c>: only the repositories that the caller may see.</summary>
    public async Task CatalogAsync(DistributionRequest request)
    {
        var query = PageQuery.Read(request, OciLimits.DefaultPageEntries, OciLimits.PageEntries);
        var readable = request.Rights.Listable;
        var page = query.Count == 0 || readable.Count == 0
            ? new Page<string>([], More: false, Last: null)
            : await manifests.ListRepositoriesAsync(request.Registry.Id, readable, query.Last, query.Count, request.Aborted);
        await AnswerAsync(request, page, query, "/v2/_catalog", writer => writer.WriteStartArray("repositories"));
    }

    /// <summary><c>GET …/referrers/{digest}</c>: never 404, whatever is unknown.</summary>
    public async Task ReferrersAsync(DistributionRequest request)
    {
        var subject = request.Target.Digest;
        var query = PageQuery.Read(request, ReferrersIndex.MaxEntries, ReferrersIndex.MaxEntries);
        var artifactType = request.Query("artifactType");
        if (artifactType is { Length: 0 }) artifactType = null;
        long after = 0;
        if (query.Last is not null && !long.TryParse(query.Last, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            throw new OciException(OciErrorCode.PaginationNumberInvalid, "last is not one that a Link header of this list gave.");

        var (index, _, next) = await referrers.ComposeAsync(request, subject, artifactType, after, query.Count);
        var response = request.Http.Response;
        if (artifactType is not null) response.Headers["OCI-Filters-Applied"] = "artifactType";
        if (next is { } sequence)
        {
            var path = $"/v2/{request.Repository}/referrers/{subject}";
            var (n, last) = (Text(query.Count), sequence.ToString(CultureInfo.InvariantCulture));
            response.Headers.Link = artifactType is null
                ? LinkHeader.FormatNext(path, ("n", n), ("last", last))
                : LinkHeader.FormatNext(path, ("n", n), ("last", last), ("artifactType", artifactType));
        }

        response.Headers.CacheControl = "private, no-cache";
        response.ContentType = MediaTypes.OciIndex;
        response.ContentLength = index.Length;
        await response.BodyWriter.WriteAsync(index, request.Aborted);
    }

    private static async Task AnswerAsync(
        DistributionRequest request, Page<string> page, PageQuery query, string path, Action<Utf8JsonWriter> open)
    {
        var response = request.Http.Response;
        if (page.More && page.Last is not null && query.Count > 0)
            response.Headers.Link = LinkHeader.FormatNext(path, ("n", Text(query.Count)), ("last", page.Last));

        response.Headers.CacheControl = "private, no-cache";
        response.ContentType = "application/json; charset=utf-8";
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            open(writer);
            foreach (var item in page.Items) writer.WriteStringValue(item);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), request.Aborted);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
