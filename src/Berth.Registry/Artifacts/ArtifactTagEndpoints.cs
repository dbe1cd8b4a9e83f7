using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>The routes of a repository's tags.</summary>
internal sealed class ArtifactTagEndpoints(IArtifacts artifacts, IManifests manifests, IQuarantine quarantine, PublicNames names)
{
    /// <summary><c>GET {name}/_tags</c>, by name or by time, of one manifest with <c>?digest=</c>.</summary>
    public async Task ListAsync(ArtifactRequest request)
    {
        var asked = ArtifactPage.Read(request);
        var page = await ReadAsync(request, asked, request.ReadDigest()) ?? throw request.UnknownRepository();
        var tags = await WithoutQuarantinedAsync(request, page.Items);
        asked.SetLink(request, $"{ArtifactEndpoints.Prefix}{request.Repository}/_tags", page);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            ArtifactJson.WriteItems(json, "tags", tags, asked.IsEnd(request, page), tag => Write(json, tag));
        });
    }

    /// <summary><c>GET {name}/_tags/{tag}</c></summary>
    public async Task ShowAsync(ArtifactRequest request)
    {
        var tag = await artifacts.FindTagAsync(request.Registry, request.Repository, request.Target.Reference.Tag, request.Aborted)
            ?? throw request.UnknownReference();
        if ((await WithoutQuarantinedAsync(request, [tag])).Count == 0) throw request.UnknownReference();
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            json.WriteStartObject("tag"u8);
            Write(json, tag);
            json.WriteEndObject();
        });
    }

    /// <summary><c>PATCH {name}/_tags/{tag}</c>: locks and unlocks.</summary>
    public async Task UpdateAsync(ArtifactRequest request)
    {
        var changes = await ArtifactChanges.ReadLocksAsync(request);
        if (!await artifacts.LockTagAsync(request.Registry, request.Repository, request.Target.Reference.Tag, changes, request.Caller, request.Aborted))
            throw request.UnknownReference();
        await ShowAsync(request);
    }

    /// <summary><c>DELETE {name}/_tags/{tag}</c>: the tag alone; what it named stays.</summary>
    public async Task DeleteAsync(ArtifactRequest request)
    {
        var result = await manifests.DeleteTagAsync(request.Registry, request.Repository, request.Target.Reference.Tag, request.Caller, request.Aborted);
        if (result.Outcome == DeleteOutcome.Unknown) throw request.UnknownReference();
        request.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        request.Http.Response.ContentLength = 0;
    }

    private async ValueTask<Page<TagRecord>?> ReadAsync(ArtifactRequest request, ArtifactPage asked, Digest? digest)
    {
        if (!asked.IsByTime) return await artifacts.ListTagRecordsAsync(request.Registry, request.Repository, digest, asked.Last, asked.Count, request.Aborted);

        if (!await manifests.RepositoryExistsAsync(request.Registry, request.Repository, request.Aborted)) return null;
        var key = await asked.FindKeyAsync(request, artifacts, static text => Tag.TryParse(text, out var tag) ? Reference.To(tag) : null);
        return await artifacts.ListTagRecordsByTimeAsync(
            request.Registry, request.Repository, digest, asked.Order == ListOrder.NewestFirst, key, asked.Count, request.Aborted);
    }

    private async ValueTask<IReadOnlyList<TagRecord>> WithoutQuarantinedAsync(ArtifactRequest request, IReadOnlyList<TagRecord> tags)
    {
        if (tags.Count == 0 || request.Admission.Rights.MayReadQuarantined) return tags;
        if (await quarantine.FindRepositoryQuarantineAsync(request.Registry, request.Repository, request.Aborted) is not null) return [];
        var known = await quarantine.FindQuarantinesAsync(request.Registry, [.. tags.Select(tag => tag.Digest).Distinct()], request.Aborted);
        return known.Count == 0 ? tags : [.. tags.Where(tag => !known.TryGetValue(tag.Digest, out var of) || !of.SetsApart)];
    }

    private void WriteNames(Utf8JsonWriter json, ArtifactRequest request)
    {
        json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
        json.WriteString("imageName"u8, request.Repository.Value);
    }

    // As if it were locked: az, and whoever cleans up with it, then lets it be.
    private static Locks LocksOf(WriteOnce? writeOnce) => writeOnce switch
    {
        null => Locks.None,
        { IsDeletable: true } => Locks.Write,
        _ => Locks.Write | Locks.Delete,
    };

    private static void Write(Utf8JsonWriter json, TagRecord tag)
    {
        json.WriteString("name"u8, tag.Name);
        json.WriteString("digest"u8, tag.Digest.ToString());
        ArtifactJson.WriteTimes(json, tag.CreatedAt, tag.UpdatedAt);
        json.WriteBoolean("signed"u8, false);
        if (tag.WriteOnce is { } writeOnce) json.WriteString("writeOnceRule"u8, writeOnce.Rule);
        ArtifactJson.WriteAttributes(json, tag.Locks | LocksOf(tag.WriteOnce));
    }
}
