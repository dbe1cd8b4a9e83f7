using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Artifacts;

/// <summary>Azure Container Registry's metadata API under <c>/acr/v1</c>: the catalog, a repository's tags, a repository's settings and its deletion.</summary>
internal sealed partial class ArtifactEndpoints(
    RegistryGate gate, IManifests manifests, IRepositories repositories, RepositoryService service, PublicNames names, ILogger<ArtifactEndpoints> logger) : IFeatureRoutes
{
    private const string Prefix = "/acr/v1/";
    private const int DefaultPage = 100;
    private const int MaxPage = 1_000;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path.StartsWith(Prefix, StringComparison.Ordinal);
        handled = isOurs ? HandleAsync(context, path[Prefix.Length..]) : Task.CompletedTask;
        return isOurs;
    }

    private async Task HandleAsync(HttpContext context, string path)
    {
        try
        {
            await AnswerAsync(context, path);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var status = RequestFailure.StatusOf(e, context);
            if (status >= 500) LogFailed(e, status, context.Request.Method, context.TraceIdentifier);
            await RequestFailure.AnswerAsync(context, e);
        }
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        var (kind, repository) = Parse(path);
        var route = ArtifactRoute.Find(kind, context.Request.Method);
        var demand = route?.DemandOf(repository) ?? new AccessDemand("none", repository, null, RegistryAction.SignIn, null);
        if (await gate.AdmitAsync(context, demand) is not { } admission) return;
        if (kind == ArtifactKind.None) throw new OciException(OciErrorCode.NameUnknown, "There is nothing at this path of /acr/v1.");
        if (route is null)
        {
            context.Response.Headers.Allow = ArtifactRoute.Allow(kind);
            throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        var request = new ArtifactRequest(context, admission, repository);
        await (route.Name switch
        {
            "artifacts.catalog" => CatalogAsync(request),
            "artifacts.tags" => TagsAsync(request),
            "artifacts.repository.update" => UpdateAsync(request),
            _ => DeleteAsync(request),
        });
    }

    // A client may send the slashes of a name encoded.
    private static (ArtifactKind Kind, RepositoryName Repository) Parse(string path)
    {
        if (path == "_catalog") return (ArtifactKind.Catalog, default);
        var text = path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var kind = text.EndsWith("/_tags", StringComparison.Ordinal) ? ArtifactKind.Tags : ArtifactKind.Repository;
        if (kind == ArtifactKind.Tags) text = text[..^"/_tags".Length];
        return RepositoryName.TryParse(text, out var repository) ? (kind, repository) : (ArtifactKind.None, default);
    }

    private async Task CatalogAsync(ArtifactRequest request)
    {
        var (count, last) = request.ReadPage(DefaultPage, MaxPage);
        var listable = request.Admission.Rights.Listable;
        var page = listable.Count == 0
            ? new Page<string>([], More: false, Last: null)
            : await manifests.ListRepositoriesAsync(request.Admission.Registry.Id, listable, last, count, request.Aborted);
        SetLink(request, Prefix + "_catalog", page.More ? page.Last : null, count);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("repositories"u8);
            foreach (var name in page.Items) json.WriteStringValue(name);
            json.WriteEndArray();
        });
    }

    private async Task TagsAsync(ArtifactRequest request)
    {
        // There is no index of tags by time, and a page of a list must not cost a sort of all of it.
        if (request.Query("orderby") is not (null or "none"))
            throw new OciException(OciErrorCode.Unsupported, "This version lists tags by name alone: leave orderby out.", status: StatusCodes.Status400BadRequest);

        var (count, last) = request.ReadPage(DefaultPage, MaxPage);
        var digest = request.ReadDigest();
        var page = await repositories.ListTagRecordsAsync(request.Admission.Registry.Id, request.Repository, digest, last, count, request.Aborted)
            ?? throw RepositoryService.Unknown(request.Repository);
        SetLink(request, $"{Prefix}{request.Repository}/_tags", page.More ? page.Last : null, count);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            json.WriteStartArray("tags"u8);
            foreach (var tag in page.Items)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, tag.Name);
                json.WriteString("digest"u8, tag.Digest.ToString());
                json.WriteString("createdTime"u8, Text(tag.CreatedAt));
                json.WriteString("lastUpdateTime"u8, Text(tag.UpdatedAt));
                json.WriteBoolean("signed"u8, false);
                WriteAttributes(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task UpdateAsync(ArtifactRequest request)
    {
        var record = await service.UpdateAsync(request);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            json.WriteString("createdTime"u8, Text(record.CreatedAt));
            json.WriteString("lastUpdateTime"u8, Text(record.UpdatedAt));
            json.WriteNumber("manifestCount"u8, record.Manifests);
            json.WriteNumber("tagCount"u8, record.Tags);
            json.WriteBoolean("anonymousPullEnabled"u8, record.AnonymousPull);
            WriteAttributes(json);
        });
    }

    private async Task DeleteAsync(ArtifactRequest request)
    {
        var (digests, tags) = await service.DeleteAsync(request);
        await request.AnswerAsync(StatusCodes.Status202Accepted, json =>
        {
            json.WriteStartArray("manifestsDeleted"u8);
            foreach (var digest in digests) json.WriteStringValue(digest.ToString());
            json.WriteEndArray();
            json.WriteStartArray("tagsDeleted"u8);
            foreach (var tag in tags) json.WriteStringValue(tag);
            json.WriteEndArray();
        });
    }

    private void WriteNames(Utf8JsonWriter json, ArtifactRequest request)
    {
        json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
        json.WriteString("imageName"u8, request.Repository.Value);
    }

    // Nothing can be locked yet: each may be read, listed, changed and deleted.
    private static void WriteAttributes(Utf8JsonWriter json)
    {
        json.WriteStartObject("changeableAttributes"u8);
        foreach (var flag in RepositoryService.Flags) json.WriteBoolean(flag, true);
        json.WriteEndObject();
    }

    private static void SetLink(ArtifactRequest request, string path, string? last, int count)
    {
        if (last is null) return;
        var (n, order) = (("n", count.ToString(CultureInfo.InvariantCulture)), ("orderby", request.Query("orderby") ?? ""));
        request.Http.Response.Headers.Link = request.Query("digest") is { } digest
            ? LinkHeader.FormatNext(path, ("last", last), n, order, ("digest", digest))
            : LinkHeader.FormatNext(path, ("last", last), n, order);
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
