using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>The routes of what was deleted and can be restored.</summary>
internal sealed class DeletedEndpoints(IDeletedContent deleted, LifecycleOptions lifecycle, LifecycleMetrics metrics, PublicNames names, TimeProvider time)
{
    private const string Prefix = ArtifactEndpoints.Prefix + "_deleted/";

    /// <summary><c>GET _deleted/_catalog</c>: only the repositories whose deleted content the caller may see.</summary>
    public async Task CatalogAsync(ArtifactRequest request)
    {
        var asked = ReadPage(request);
        var listable = request.Admission.Rights.ListableDeleted;
        var page = listable.Count == 0
            ? new Page<DeletedRepository>([], More: false, Last: null)
            : await deleted.ListDeletedRepositoriesAsync(request.Registry, listable, asked.Last, asked.Count, request.Aborted);
        asked.SetLink(request, Prefix + "_catalog", page);
        await AnswerAsync(request, "repositories", page.Items, static (json, repository) =>
        {
            json.WriteString("repository"u8, repository.Name);
            json.WriteString("createdAt"u8, ArtifactJson.Text(repository.CreatedAt));
            json.WriteString("deletedAt"u8, ArtifactJson.Text(repository.DeletedAt));
        });
    }

    /// <summary><c>GET _deleted/{name}/_manifests</c></summary>
    public async Task ManifestsAsync(ArtifactRequest request)
    {
        var asked = ReadPage(request);
        var page = await deleted.ListDeletedManifestsAsync(request.Registry, request.Repository, asked.LastDigest(), asked.Count, request.Aborted)
            ?? throw request.UnknownRepository();
        asked.SetLink(request, $"{Prefix}{request.Repository}/_manifests", page);
        await AnswerAsync(request, "manifests", page.Items, (json, manifest) =>
        {
            json.WriteString("digest"u8, manifest.Digest.ToString());
            json.WriteString("createdAt"u8, ArtifactJson.Text(manifest.CreatedAt));
            WriteDeletion(json, request, manifest.DeletedAt);
        });
    }

    /// <summary><c>GET _deleted/{name}/_tags</c>: of a tag that was deleted several times the newest comes last.</summary>
    public async Task TagsAsync(ArtifactRequest request)
    {
        var asked = ReadPage(request);
        var page = await deleted.ListDeletedTagsAsync(request.Registry, request.Repository, ReadTagCursor(request, asked), asked.Count, request.Aborted)
            ?? throw request.UnknownRepository();
        if (page.More)
        {
            var last = page.Items[^1];
            request.Http.Response.Headers.Link = LinkHeader.FormatNext(
                $"{Prefix}{request.Repository}/_tags",
                ("last", last.Name), ("n", asked.Count.ToString(CultureInfo.InvariantCulture)), ("orderby", ""),
                (ArtifactPage.LastTimeParameter, last.Sequence.ToString(CultureInfo.InvariantCulture)));
        }

        await AnswerAsync(request, "tags", page.Items, (json, tag) =>
        {
            json.WriteString("tag"u8, tag.Name);
            json.WriteString("digest"u8, tag.Digest.ToString());
            WriteDeletion(json, request, tag.DeletedAt);
        });
    }

    /// <summary><c>POST _deleted/{name}/_manifests/{digest}</c>: brings it back, under a tag where the body names one.</summary>
    public async Task RestoreAsync(ArtifactRequest request)
    {
        var digest = request.Target.Reference.Digest;
        var force = ReadForce(request);
        var tag = await ArtifactChanges.ReadTagAsync(request);
        var result = await deleted.RestoreManifestAsync(request.Registry, request.Repository, digest, tag, force, request.Caller, request.Aborted);
        if (result.Outcome != RestoreOutcome.Restored) throw Refusal(request, result, tag);

        metrics.Restored(result.Manifests.Count);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
            json.WriteString("imageName"u8, request.Repository.Value);
            json.WriteString("digest"u8, digest.ToString());
            json.WriteStartArray("manifestsRestored"u8);
            foreach (var restored in result.Manifests) json.WriteStringValue(restored.ToString());
            json.WriteEndArray();
            json.WriteStartArray("tagsRestored"u8);
            foreach (var restored in result.Tags) json.WriteStringValue(restored);
            json.WriteEndArray();
        });
    }

    /// <summary><c>DELETE _deleted/{name}/_manifests/{digest}</c>: deletes it for good before its time.</summary>
    public async Task PurgeAsync(ArtifactRequest request)
    {
        var result = await deleted.PurgeManifestAsync(
            request.Registry, request.Repository, request.Target.Reference.Digest, time.GetUtcNow() + lifecycle.Grace, request.Caller, request.Aborted);
        if (result.Outcome == DeleteOutcome.Unknown) throw Unknown(request);
        if (result.Outcome == DeleteOutcome.Held)
        {
            var holder = result.HeldUntil is null ? "index" : "deleted index";
            throw new OciException(
                OciErrorCode.Denied, $"The {holder} {result.Holder} of this repository lists the manifest and would not be whole without it; delete that one for good first.",
                status: StatusCodes.Status409Conflict, detail: result.Holder.ToString());
        }

        metrics.Purged(1);
        request.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        request.Http.Response.ContentLength = 0;
    }

    // az works the end out by itself, and others need not know the policy for it.
    private static void WriteDeletion(Utf8JsonWriter json, ArtifactRequest request, DateTimeOffset deletedAt)
    {
        json.WriteString("deletedAt"u8, ArtifactJson.Text(deletedAt));
        json.WriteString("expiresAfter"u8, ArtifactJson.Text(deletedAt.AddDays(request.Admission.Registry.SoftDelete.Days)));
    }

    private static ArtifactPage ReadPage(ArtifactRequest request) => ArtifactPage.Read(request) with { Order = ListOrder.Name };

    private static DeletedTagCursor ReadTagCursor(ArtifactRequest request, ArtifactPage asked)
    {
        if (asked.Last is null) return default;

        // Behind all entries of the tag, where a client names that alone.
        return new DeletedTagCursor(asked.Last, ArtifactPage.ReadTime(request) ?? long.MaxValue);
    }

    private static bool ReadForce(ArtifactRequest request) => request.Query("force")?.ToUpperInvariant() switch
    {
        null or "FALSE" => false,
        "TRUE" => true,
        _ => throw new OciException(OciErrorCode.BadRequest, "force must be true or false."),
    };

    private static OciException Refusal(ArtifactRequest request, RestoreResult result, Tag? tag) => result.Outcome switch
    {
        RestoreOutcome.TagTaken => new OciException(
            OciErrorCode.Denied,
            $"The tag '{request.Repository}:{tag}' names {result.Holder} now; restore under another tag, or take this one from it with --force (?force=true).",
            status: StatusCodes.Status409Conflict, detail: result.Holder.ToString()),
        RestoreOutcome.TooMany => new OciException(
            OciErrorCode.Denied,
            $"More than {IDeletedContent.MostRestored} manifests would come back with {request.Target.Reference}; restore what it lists first.",
            status: StatusCodes.Status409Conflict, detail: request.Target.Reference.ToString()),
        _ => Unknown(request),
    };

    private static OciException Unknown(ArtifactRequest request) => new(
        OciErrorCode.ManifestUnknown, $"The repository '{request.Repository}' has no deleted manifest {request.Target.Reference} that can be restored.",
        detail: request.Target.Reference.ToString());

    private static Task AnswerAsync<T>(ArtifactRequest request, string list, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write) =>
        request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray(list);
            foreach (var item in items)
            {
                json.WriteStartObject();
                write(json, item);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
}
