using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>The routes of the catalog and of a repository as a whole.</summary>
internal sealed class ArtifactRepositoryEndpoints(IManifests manifests, RepositoryService service, PublicNames names)
{
    /// <summary><c>GET _catalog</c>: only the repositories that the caller may see.</summary>
    public async Task CatalogAsync(ArtifactRequest request)
    {
        // By name in every order: a repository has no time that a list could be by.
        var asked = ArtifactPage.Read(request) with { Order = ListOrder.Name };
        var listable = request.Admission.Rights.Listable;
        var page = listable.Count == 0
            ? new Page<string>([], More: false, Last: null)
            : await manifests.ListRepositoriesAsync(request.Registry, listable, asked.Last, asked.Count, request.Aborted);
        asked.SetLink(request, ArtifactEndpoints.Prefix + "_catalog", page);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("repositories"u8);
            foreach (var name in page.Items) json.WriteStringValue(name);
            json.WriteEndArray();
        });
    }

    /// <summary><c>GET {name}</c></summary>
    public async Task ShowAsync(ArtifactRequest request) => await AnswerAsync(request, await service.FindAsync(request));

    /// <summary><c>PATCH {name}</c></summary>
    public async Task UpdateAsync(ArtifactRequest request) => await AnswerAsync(request, await service.UpdateAsync(request));

    /// <summary><c>DELETE {name}</c></summary>
    public async Task DeleteAsync(ArtifactRequest request)
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

    private Task AnswerAsync(ArtifactRequest request, RepositoryRecord record) => request.AnswerAsync(StatusCodes.Status200OK, json =>
    {
        json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
        json.WriteString("imageName"u8, request.Repository.Value);
        ArtifactJson.WriteTimes(json, record.CreatedAt, record.UpdatedAt);
        json.WriteNumber("manifestCount"u8, record.Manifests);
        json.WriteNumber("tagCount"u8, record.Tags);
        json.WriteNumber("blobCount"u8, record.Blobs);
        json.WriteNumber("storageSize"u8, record.Bytes);
        json.WriteString("owner"u8, record.Owner);
        json.WriteString("contact"u8, record.Contact);
        json.WriteString("description"u8, record.Description);
        json.WriteBoolean("anonymousPullEnabled"u8, record.AnonymousPull);
        ArtifactJson.WriteAttributes(json, record.Locks);
    });
}
