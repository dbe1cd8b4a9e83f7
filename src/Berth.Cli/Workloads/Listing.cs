using System.Text;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli.Workloads;

/// <summary>The images that a cluster or a machine says that it runs.</summary>
internal sealed class Listing
{
    private readonly HashSet<ImageText> _images = [];
    private readonly HashSet<string> _resolved = new(StringComparer.Ordinal);

    /// <summary>The images.</summary>
    public IReadOnlyCollection<ImageText> Images => _images;

    /// <summary>Whether an image without a digest is there by its digest, too.</summary>
    public bool IsResolved(string text) => _resolved.Contains(text);

    /// <summary>Reads what a program printed.</summary>
    /// <exception cref="ClientException">It is not what the format says.</exception>
    public static Listing Parse(byte[] bytes, ListingFormat format)
    {
        var listing = new Listing();
        if (format == ListingFormat.Digests) AddLines(listing, bytes);
        else if (format == ListingFormat.Kubectl) PodList.AddTo(listing, ReadDocuments(bytes, format));
        else EngineListing.AddTo(listing, ReadDocuments(bytes, format), format);
        return listing;
    }

    /// <summary>
    /// Adds what one container runs: the image that was asked for, with what it turned out to be. An engine may name the same digest by another registry that it was
    /// pulled from before, so that the digest counts under the name that was asked for as well.
    /// </summary>
    public void Add(string? asked, params IEnumerable<string?> found)
    {
        var named = asked is null ? null : ImageText.Parse(asked);
        if (named is not null) _images.Add(named);
        foreach (var text in found)
        {
            if (text is null || ImageText.Parse(text) is not { Digest.IsDefault: false } image) continue;
            _images.Add(image);
            if (named is null) continue;
            _resolved.Add(named.Text);
            if (named.Digest.IsDefault) _images.Add(named with { Digest = image.Digest });
        }
    }

    private void Add(Digest digest) => _images.Add(ImageText.OfDigest(digest));

    private static void AddLines(Listing listing, byte[] bytes)
    {
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#') continue;
            if (Digest.TryParse(line, out var digest)) listing.Add(digest);
            else if (ImageText.Parse(line) is { Digest.IsDefault: false } image) listing._images.Add(image with { Host = image.Host is { Length: > 0 } host ? host : null });
            else throw new ClientException($"'{(line.Length <= 100 ? line : line[..100])}' is neither a digest nor an image with one; write sha256:… or repository@sha256:….");
        }
    }

    // Several programs may print into one pipe, one document after the other.
    private static List<JsonElement> ReadDocuments(byte[] bytes, ListingFormat format)
    {
        var documents = new List<JsonElement>();
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
            while (reader.Read())
            {
                using var document = JsonDocument.ParseValue(ref reader);
                if (!JsonReading.IsReadable(document.RootElement)) throw new ClientException("what was read holds a text that is none.");
                documents.Add(document.RootElement.Clone());
            }
        }
        catch (JsonException e)
        {
            throw new ClientException($"what was read is not the JSON that {Program(format)} prints: {e.Message}");
        }

        return documents;
    }

    /// <summary>The commands that print a format.</summary>
    public static string Program(ListingFormat format) => format switch
    {
        ListingFormat.Kubectl => "'kubectl get pods -o json'",
        ListingFormat.Podman => "'podman ps --format json' and 'podman images --format json'",
        _ => "'crictl ps -o json' and 'crictl images -o json'",
    };
}
