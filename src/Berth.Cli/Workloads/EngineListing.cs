using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Workloads;

/// <summary>
/// Containers and images as podman and crictl print them. The containers name their image by the engine's own id; the list of images says which digests that is.
/// </summary>
internal static class EngineListing
{
    /// <summary>Adds what the containers run; without a list of containers, all images.</summary>
    /// <exception cref="ClientException">It is something else.</exception>
    public static void AddTo(Listing listing, List<JsonElement> documents, ListingFormat format)
    {
        var entries = documents.SelectMany(document => Open(document, format)).ToList();
        var images = entries.Where(IsImage).ToLookup(image => IdOf(Either(image, "Id", "id")), DigestsOf);
        var containers = entries.Where(entry => !IsImage(entry)).ToList();
        foreach (var container in containers)
        {
            var asked = Either(container, "ImageName", "Image") ?? Either(container.At("image"), "userSpecifiedImage", "image");
            var id = IdOf(Either(container, "ImageID", "imageId") ?? container.Text("imageRef"));
            var exact = container.Text("ImageDigest") is { } digest && asked is not null ? $"{NameOf(asked)}@{digest}" : null;
            listing.Add(asked, [exact, container.Text("imageRef"), container.At("image").Text("image"), .. images[id].SelectMany(digests => digests)]);
        }

        if (HasContainers(documents, format)) return;
        foreach (var digest in images.SelectMany(image => image).SelectMany(digests => digests)) listing.Add(null, digest);
    }

    private static IEnumerable<JsonElement> Open(JsonElement document, ListingFormat format) => format switch
    {
        ListingFormat.Podman when document.ValueKind == JsonValueKind.Array => document.Items(),
        ListingFormat.Crictl when document.At("containers").ValueKind == JsonValueKind.Array => document.At("containers").Items(),
        ListingFormat.Crictl when document.At("images").ValueKind == JsonValueKind.Array => document.At("images").Items(),
        _ => throw new ClientException($"what was read is not what {Listing.Program(format)} print."),
    };

    // An empty list says that nothing runs, unless all that was read are images.
    private static bool HasContainers(List<JsonElement> documents, ListingFormat format) => documents.Any(document =>
        format == ListingFormat.Crictl ? document.At("containers").ValueKind == JsonValueKind.Array : !document.Items().Any(IsImage));

    private static bool IsImage(JsonElement entry) => entry.At("RepoDigests").ValueKind != JsonValueKind.Undefined
        || entry.At("RepoTags").ValueKind != JsonValueKind.Undefined || entry.At("repoDigests").ValueKind == JsonValueKind.Array || entry.At("repoTags").ValueKind == JsonValueKind.Array;

    private static List<string> DigestsOf(JsonElement image) =>
        [.. image.At("RepoDigests").Items().Concat(image.At("repoDigests").Items()).Where(text => text.ValueKind == JsonValueKind.String).Select(text => text.GetString()!)];

    private static string? Either(JsonElement entry, string name, string other) => entry.Text(name) is { Length: > 0 } text ? text : entry.Text(other);

    // One list has the algorithm in front of an id, the other has not.
    private static string IdOf(string? id) => id is null ? "" : id.StartsWith("sha256:", StringComparison.Ordinal) ? id["sha256:".Length..] : id;

    private static string NameOf(string image)
    {
        var name = image.Split('@')[0];
        return name.LastIndexOf(':') > name.LastIndexOf('/') ? name[..name.LastIndexOf(':')] : name;
    }
}
