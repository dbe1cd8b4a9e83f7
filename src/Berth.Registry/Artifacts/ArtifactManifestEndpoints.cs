using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>The routes of a repository's manifests.</summary>
internal sealed class ArtifactManifestEndpoints(
    IArtifacts artifacts, IManifests manifests, IQuarantine quarantine, ManifestDescriber describer, PublicNames names)
{
    /// <summary><c>GET {name}/_manifests</c>, by digest or by time.</summary>
    public async Task ListAsync(ArtifactRequest request)
    {
        var asked = ArtifactPage.Read(request);
        var page = await ReadAsync(request, asked) ?? throw request.UnknownRepository();
        var described = await describer.DescribeAsync(request.Registry, request.Repository, page.Items, request.Aborted);
        var quarantines = await FindQuarantinesAsync(request, described);
        asked.SetLink(request, $"{ArtifactEndpoints.Prefix}{request.Repository}/_manifests", page);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            ArtifactJson.WriteItems(
                json, "manifests", described, asked.IsEnd(request, page), manifest => Write(json, manifest, quarantines.GetValueOrDefault(manifest.Digest), request));
        });
    }

    /// <summary><c>GET {name}/_manifests/{digest}</c></summary>
    public async Task ShowAsync(ArtifactRequest request)
    {
        var manifest = await artifacts.FindManifestDetailsAsync(request.Registry, request.Repository, request.Target.Reference.Digest, request.Aborted)
            ?? throw request.UnknownReference();
        var described = await describer.DescribeAsync(request.Registry, request.Repository, [manifest], request.Aborted);
        var quarantines = await FindQuarantinesAsync(request, described);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            WriteNames(json, request);
            json.WriteStartObject("manifest"u8);
            Write(json, described[0], quarantines.GetValueOrDefault(manifest.Digest), request);
            json.WriteEndObject();
        });
    }

    /// <summary><c>PATCH {name}/_manifests/{digest}</c>: locks and unlocks, or says what a scanner found.</summary>
    public async Task UpdateAsync(ArtifactRequest request)
    {
        var (changes, found) = await ArtifactChanges.ReadManifestAsync(request);
        Require(request, found is null || changes is not null, request.Admission.Rights.IsAllowed(request.Repository, RepositoryAction.MetadataWrite), "metadata/write");
        Require(request, found is not null, request.Admission.Rights.MayQuarantineIn(request.Repository) || request.Admission.Rights.MayUse(RegistryAction.QuarantineWrite), "quarantine/write");
        var digest = request.Target.Reference.Digest;
        if (!await artifacts.LockManifestAsync(request.Registry, request.Repository, digest, changes ?? default, request.Caller, request.Aborted))
            throw request.UnknownReference();
        if (found is not null) await quarantine.QuarantineDigestAsync(request.Registry, request.Repository, digest, found, request.Caller, request.Aborted);
        await ShowAsync(request);
    }

    private static void Require(ArtifactRequest request, bool isAsked, bool isAllowed, string right)
    {
        if (!isAsked || isAllowed) return;
        throw new OciException(OciErrorCode.Denied, $"'{request.Admission.Principal.Name}' may not change this of '{request.Repository}'; ask its owner for the right '{right}'.");
    }

    private ValueTask<IReadOnlyDictionary<Digest, Quarantine>> FindQuarantinesAsync(ArtifactRequest request, IReadOnlyList<ManifestDetails> page) =>
        quarantine.FindQuarantinesAsync(request.Registry, [.. page.Select(manifest => manifest.Digest)], request.Aborted);

    private async ValueTask<Page<ManifestDetails>?> ReadAsync(ArtifactRequest request, ArtifactPage asked)
    {
        if (!await manifests.RepositoryExistsAsync(request.Registry, request.Repository, request.Aborted)) return null;
        if (!asked.IsByTime)
            return await artifacts.ListManifestDetailsAsync(request.Registry, request.Repository, asked.LastDigest(), asked.Count, request.Aborted);

        var key = await asked.FindKeyAsync(request, artifacts, static text => Digest.TryParse(text, out var digest) ? Reference.To(digest) : null);
        return await artifacts.ListManifestDetailsByTimeAsync(
            request.Registry, request.Repository, asked.Order == ListOrder.NewestFirst, key, asked.Count, request.Aborted);
    }

    private void WriteNames(Utf8JsonWriter json, ArtifactRequest request)
    {
        json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
        json.WriteString("imageName"u8, request.Repository.Value);
    }

    private static void Write(Utf8JsonWriter json, ManifestDetails manifest, Quarantine? quarantine, ArtifactRequest request)
    {
        json.WriteString("digest"u8, manifest.Digest.ToString());
        if (manifest.Description.ImageSize is { } size) json.WriteNumber("imageSize"u8, size);
        else json.WriteNull("imageSize"u8);
        ArtifactJson.WriteTimes(json, manifest.CreatedAt, manifest.UpdatedAt);
        if (manifest.PulledAt is { } pulled) json.WriteString("lastPullTime"u8, ArtifactJson.Text(pulled));
        else json.WriteNull("lastPullTime"u8);

        // Whoever may look without signing in learns no account's name.
        json.WriteString("createdBy"u8, request.Admission.Principal.Id == 0 ? null : manifest.PushedBy);
        json.WriteString("architecture"u8, manifest.Description.Architecture);
        json.WriteString("os"u8, manifest.Description.Os);
        json.WriteString("mediaType"u8, manifest.MediaType);
        json.WriteString("configMediaType"u8, manifest.Description.ConfigMediaType);
        json.WriteString("artifactType"u8, manifest.ArtifactType);
        WriteTags(json, manifest.Tags);
        if (MediaTypes.IsIndex(manifest.MediaType)) WriteReferences(json, manifest.References);
        ArtifactJson.WriteAttributes(json, manifest.Locks, quarantine);
    }

    // Of one that has no tag there is no list: by that older versions of Azure's acr know what a purge may take.
    private static void WriteTags(Utf8JsonWriter json, IReadOnlyList<string> tags)
    {
        if (tags.Count == 0) return;
        json.WriteStartArray("tags"u8);
        foreach (var tag in tags) json.WriteStringValue(tag);
        json.WriteEndArray();
    }

    private static void WriteReferences(Utf8JsonWriter json, IReadOnlyList<ListedManifest> references)
    {
        json.WriteStartArray("references"u8);
        foreach (var (digest, architecture, os) in references)
        {
            json.WriteStartObject();
            json.WriteString("digest"u8, digest.ToString());
            json.WriteString("architecture"u8, architecture);
            json.WriteString("os"u8, os);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
