using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary><c>acr manifest</c>: the manifests of a repository.</summary>
internal static class ManifestCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("manifest", "The manifests of a repository.")
    {
        ListMetadata(), ShowMetadata(), UpdateMetadata(), List(), Show(), ListReferrers(), Delete(),
        DeletedCommands.ListManifests(), DeletedCommands.ListTags(), DeletedCommands.Restore(),
    };

    private static Command ListMetadata()
    {
        var repository = ApiCommand.Required("The repository's name.", "--name", "-n");
        var (order, top) = (AttributeOptions.OrderOption(), AttributeOptions.TopOption());
        return RegistryCommand.Create(
            "list-metadata", "Lists manifests with their tags, sizes and attributes.", Registry(), [repository, order, top], (parsed, client, printer, cancellationToken) =>
            {
                var limit = parsed.GetValue(top);
                var manifests = client.ListManifestAttributesAsync(
                    ImageName.RepositoryIn(parsed, repository), AttributeOptions.Order(parsed.GetValue(order)), AttributeOptions.PageSize(limit), cancellationToken);
                return printer.WriteAsync(manifests.Take(limit ?? int.MaxValue), cancellationToken);
            });
    }

    private static Command ShowMetadata()
    {
        var image = Image();
        return RegistryCommand.Create("show-metadata", "Shows the attributes of an image's manifest.", Registry(), [image], async (parsed, client, cancellationToken) =>
        {
            var (repository, reference) = ImageName.Parse(parsed.GetValue(image)!);
            var digest = await DigestAsync(client, repository, reference, cancellationToken);
            return AttributeOptions.Inner(await client.GetAttributesAsync(repository, Reference.To(digest), cancellationToken));
        });
    }

    private static Command UpdateMetadata()
    {
        var (image, attributes) = (Image(), new AttributeOptions());
        return RegistryCommand.Create(
            "update-metadata", "Locks or unlocks a tag (repository:tag) or a manifest (repository@digest).", Registry(), [image, .. attributes.All], async (parsed, client, cancellationToken) =>
            {
                var (repository, reference) = ImageName.Parse(parsed.GetValue(image)!);
                return AttributeOptions.Inner(await client.SetAttributesAsync(repository, reference, attributes.Read(parsed), cancellationToken));
            }, changes: true);
    }

    private static Command List()
    {
        var repository = ApiCommand.Required("The repository's name.", "--name", "-n");
        var top = AttributeOptions.TopOption();
        return RegistryCommand.Create("list", "Lists the manifests themselves.", Registry(), [repository, top], async (parsed, client, cancellationToken) =>
        {
            var name = ImageName.RepositoryIn(parsed, repository);
            var manifests = new List<JsonElement>();
            await foreach (var entry in client.ListManifestAttributesAsync(name, MetadataOrder.Name, AttributeOptions.PageSize(parsed.GetValue(top)), cancellationToken).Take(parsed.GetValue(top) ?? int.MaxValue))
            {
                if (Reference.TryParse(entry.Required("digest"), out var digest)) manifests.Add(await ReadAsync(client, name, digest, cancellationToken));
            }

            return Json.Array(manifests);
        });
    }

    private static Command Show()
    {
        var image = Image();
        return RegistryCommand.Create("show", "Shows an image's manifest.", Registry(), [image], (parsed, client, cancellationToken) =>
        {
            var (repository, reference) = ImageName.Parse(parsed.GetValue(image)!);
            return ReadAsync(client, repository, reference, cancellationToken);
        });
    }

    private static Command ListReferrers()
    {
        var image = Image();
        var type = ApiCommand.Optional("Only those of this artifact type.", "--artifact-type");
        return RegistryCommand.Create("list-referrers", "Lists what refers to an image: signatures, SBOMs, attestations.", Registry(), [image, type], async (parsed, client, cancellationToken) =>
        {
            var (repository, reference) = ImageName.Parse(parsed.GetValue(image)!);
            var digest = await DigestAsync(client, repository, reference, cancellationToken);
            var referrers = await client.ListReferrersAsync(repository, digest, parsed.GetValue(type), cancellationToken).ToListAsync(cancellationToken);
            return Json.Make(json =>
            {
                json.WriteStartArray("referrers"u8);
                foreach (var referrer in referrers) Write(json, referrer);
                json.WriteEndArray();
            });
        });
    }

    private static Command Delete()
    {
        var (image, yes) = (Image(), Confirmation.Option());
        return RegistryCommand.Create("delete", "Deletes an image's manifest with all its tags.", Registry(), [image, yes], async (parsed, client, cancellationToken) =>
        {
            await RepositoryCommands.DeleteImageAsync(client, ImageName.Parse(parsed.GetValue(image)!), parsed.GetValue(yes), cancellationToken);
            return default;
        });
    }

    private static void Write(Utf8JsonWriter json, Referrer referrer)
    {
        json.WriteStartObject();
        json.WriteString("mediaType"u8, referrer.Descriptor.MediaType);
        json.WriteString("digest"u8, referrer.Descriptor.Digest.ToString());
        json.WriteNumber("size"u8, referrer.Descriptor.Size);
        json.WriteString("artifactType"u8, referrer.ArtifactType);
        json.WriteStartObject("annotations"u8);
        foreach (var (name, value) in referrer.Annotations) json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static async Task<JsonElement> ReadAsync(RegistryClient client, RepositoryName repository, Reference reference, CancellationToken cancellationToken)
    {
        var manifest = await client.GetManifestAsync(repository, reference, cancellationToken);
        using var document = JsonReading.ParseReadable(manifest.Bytes, default);
        return document?.RootElement.Clone() ?? throw new ClientException($"the manifest {reference} holds a text that cannot be shown.");
    }

    private static async Task<Digest> DigestAsync(RegistryClient client, RepositoryName repository, Reference reference, CancellationToken cancellationToken) =>
        reference.IsDigest ? reference.Digest
        : await client.FindManifestAsync(repository, reference, cancellationToken) is { Digest: { IsDefault: false } digest } ? digest
        : throw new ClientException($"there is no '{repository}:{reference}'.");

    private static RegistryArguments Registry() => new("--registry", "-r");

    private static Option<string> Image() => ApiCommand.Required("The image: repository:tag or repository@digest.", "--name", "-n");
}
