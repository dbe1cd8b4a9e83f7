using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Evidence;

/// <summary>One repository: its attributes, who may do what in it, and its manifests with their tags.</summary>
internal sealed class RepositoryEvidence(ApiSession session, RegistryClient client, EvidenceQuestion question, RepositoryName repository, DateTimeOffset takenAt)
{
    // What is written by another name, or once for all.
    private static readonly string[] LeftOut = ["registry", "imageName", "tags", "name"];

    /// <summary>Reads it.</summary>
    public async Task<JsonElement> ReadAsync(CancellationToken cancellationToken)
    {
        var attributes = await client.GetAttributesAsync(repository, null, cancellationToken);
        var access = question.WithAccess
            ? await AccessAnswers.ListAsync(session, question.Registry, "report", $"&repository={Uri.EscapeDataString(repository.ToString())}", cancellationToken)
            : default;
        var manifests = question.Image is { } image ? [await ReadImageAsync(image, cancellationToken)] : await ReadAllAsync(cancellationToken);
        return Json.Make(json =>
        {
            json.WriteString("name"u8, repository.ToString());
            WriteOthers(json, attributes);
            if (access.ValueKind == JsonValueKind.Array)
            {
                json.WritePropertyName("access"u8);
                access.WriteTo(json);
            }

            json.WriteStartArray("manifests"u8);
            foreach (var manifest in manifests) manifest.WriteTo(json);
            json.WriteEndArray();
        });
    }

    private async Task<List<JsonElement>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var tags = new Dictionary<string, List<JsonElement>>(StringComparer.Ordinal);
        await foreach (var tag in client.ListTagAttributesAsync(repository, MetadataOrder.Name, null, cancellationToken))
        {
            if (tag.Text("digest") is not { } digest) continue;
            if (!tags.TryGetValue(digest, out var known)) tags[digest] = known = [];
            known.Add(tag);
        }

        var manifests = new List<JsonElement>();
        await foreach (var manifest in client.ListManifestAttributesAsync(repository, MetadataOrder.Name, null, cancellationToken))
            manifests.Add(Describe(manifest, tags.GetValueOrDefault(manifest.Text("digest") ?? "") ?? [], null));
        return manifests;
    }

    private async Task<JsonElement> ReadImageAsync(Reference image, CancellationToken cancellationToken)
    {
        var digest = image.IsDigest ? image.Digest
            : AttributeOptions.Inner(await client.GetAttributesAsync(repository, image, cancellationToken)).Text("digest") is { } named && Digest.TryParse(named, out var found) ? found
            : throw new ClientException($"there is no '{new ImageName(repository, image)}'.");
        var manifest = AttributeOptions.Inner(await client.GetAttributesAsync(repository, Reference.To(digest), cancellationToken));
        var tags = await client.ListTagsOfAsync(repository, digest, cancellationToken).ToListAsync(cancellationToken);
        var referrers = await client.ListReferrersAsync(repository, digest, null, cancellationToken).ToListAsync(cancellationToken);
        return Describe(manifest, tags, referrers);
    }

    private JsonElement Describe(JsonElement manifest, List<JsonElement> tags, List<Referrer>? referrers) => Json.Make(json =>
    {
        WriteOthers(json, manifest);
        json.WriteStartArray("tags"u8);
        foreach (var tag in tags) Write(json, tag);
        json.WriteEndArray();
        if (referrers is null) return;
        json.WriteStartArray("referrers"u8);
        foreach (var referrer in referrers)
        {
            json.WriteStartObject();
            json.WriteString("digest"u8, referrer.Descriptor.Digest.ToString());
            json.WriteString("artifactType"u8, referrer.ArtifactType);
            json.WriteNumber("size"u8, referrer.Descriptor.Size);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private void Write(Utf8JsonWriter json, JsonElement tag)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, tag.Text("name"));
        foreach (var property in tag.EnumerateObject())
        {
            if (property.Name is not ("digest" or "name")) property.WriteTo(json);
        }

        if (tag.At("lastUpdateTime") is { ValueKind: JsonValueKind.String } moved && moved.TryGetDateTimeOffset(out var since))
            json.WriteNumber("ageDays"u8, Math.Max(0, (int)(takenAt - since).TotalDays));
        json.WriteEndObject();
    }

    private static void WriteOthers(Utf8JsonWriter json, JsonElement attributes)
    {
        foreach (var property in attributes.EnumerateObject())
        {
            if (!LeftOut.Contains(property.Name)) property.WriteTo(json);
        }
    }
}
