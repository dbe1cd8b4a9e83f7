using System.Globalization;
using System.Text.Json;
using Berth.Oci;
using Berth.Oci.Http;

namespace Berth.Registry.Distribution;

internal sealed partial class UploadEndpoints
{
    /// <summary><c>GET /v2/_uploads</c>: the registry's open sessions, for whoever looks after it. Paged as the catalog is, by id.</summary>
    public async Task ListAsync(DistributionRequest request)
    {
        var query = PageQuery.Read(request, OciLimits.DefaultPageEntries, OciLimits.DefaultPageEntries);
        var page = await sessions.ListUploadsAsync(request.Registry.Id, query.Last, Math.Max(1, query.Count), request.Aborted);
        var response = request.Http.Response;
        if (page.More && page.Last is not null && query.Count > 0)
            response.Headers.Link = LinkHeader.FormatNext("/v2/_uploads", ("n", query.Count.ToString(CultureInfo.InvariantCulture)), ("last", page.Last));

        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("uploads");
            foreach (var upload in page.Items.Take(query.Count))
            {
                // Without the id: it is what lets its owner go on with the session.
                writer.WriteStartObject();
                writer.WriteString("repository", upload.Repository.ToString());
                writer.WriteNumber("principalId", upload.PrincipalId);
                writer.WriteNumber("offset", upload.Offset);
                writer.WriteString("createdAt", upload.CreatedAt);
                writer.WriteString("expiresAt", upload.ExpiresAt);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "private, no-cache";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), request.Aborted);
    }
}
