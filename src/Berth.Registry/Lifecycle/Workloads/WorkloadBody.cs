using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>
/// Reads a report: <c>{"cluster","namespace","owner","digests":[…] or "images":[{"repository","digest"}],"ttl"}</c>. Both lists may be there; an empty one says that nothing
/// of this registry runs.
/// </summary>
internal static class WorkloadBody
{
    /// <summary>The longest name of a workload, in characters.</summary>
    public const int LongestName = 128;

    private const int MaxBody = 4 * 1024 * 1024;
    private const int LongestText = 256;

    /// <summary>The report of the request's body.</summary>
    /// <exception cref="OciException">400: it cannot be taken, and the message names the property.</exception>
    public static async Task<WorkloadReport> ReadAsync(HttpContext context, long registry, string name)
    {
        if (!IsName(name)) throw JsonBody.Bad($"A workload's name has up to {LongestName} letters, digits, '.', '_' and '-', and begins with a letter or a digit.");
        using var body = await JsonBody.ReadAsync(context, MaxBody);
        var images = new List<UsedImage>();
        var (hasList, timeToLive) = (false, ReportLifetime.Default);
        string? cluster = null, part = null, owner = null;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            switch (property.Name)
            {
                case "cluster": cluster = ReadText(property); break;
                case "namespace": part = ReadText(property); break;
                case "owner": owner = ReadText(property); break;
                case "ttl": timeToLive = ReportLifetime.Read(property.Value); break;
                case "digests" or "images":
                    Add(property, images);
                    hasList = true;
                    break;
                default: throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is nothing that a report has; there are cluster, namespace, owner, digests, images and ttl.");
            }
        }

        if (!hasList) throw JsonBody.Bad("Say what the workload uses: 'digests', a list of digests, or 'images', a list of {\"repository\", \"digest\"}; an empty list for nothing.");
        return new WorkloadReport(registry, name, images, timeToLive) { Cluster = cluster, Namespace = part, Owner = owner };
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static void Add(JsonProperty property, List<UsedImage> images)
    {
        if (property.Value.ValueKind != JsonValueKind.Array) throw JsonBody.Bad($"'{property.Name}' must be a list.");
        foreach (var entry in property.Value.EnumerateArray())
        {
            if (images.Count == IWorkloads.MostDigests)
                throw JsonBody.Bad($"A report names at most {IWorkloads.MostDigests} digests; report parts of the workload under names of their own.");
            images.Add(property.Name == "digests" ? new UsedImage(ReadDigest(entry), null) : ReadImage(entry));
        }
    }

    private static UsedImage ReadImage(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw JsonBody.Bad("Each of 'images' must be an object with 'digest', and 'repository' where it counts in one repository alone.");
        Digest digest = default;
        RepositoryName? repository = null;
        foreach (var property in entry.EnumerateObject())
        {
            if (property.Name == "digest") digest = ReadDigest(property.Value);
            else if (property.Name == "repository") repository = ReadRepository(property.Value);
            else throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is nothing that one of 'images' has; there are repository and digest.");
        }

        return digest.IsDefault ? throw JsonBody.Bad("One of 'images' has no 'digest'.") : new UsedImage(digest, repository);
    }

    private static Digest ReadDigest(JsonElement value) => value.ValueKind == JsonValueKind.String && Digest.TryParse(value.GetString(), out var digest)
        ? digest
        : throw new OciException(OciErrorCode.DigestInvalid, "Something is reported that is no digest; write sha256:<64 hexadecimal digits>.", detail: JsonBody.Shorten(value.GetRawText()));

    private static RepositoryName? ReadRepository(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String && RepositoryName.TryParse(value.GetString(), out var repository)
            ? repository
            : throw new OciException(
                OciErrorCode.NameInvalid, "A 'repository' is none: write its name without the registry's, such as team/app.", detail: JsonBody.Shorten(value.GetRawText()));
    }

    private static string? ReadText(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Null) return null;
        if (property.Value.ValueKind != JsonValueKind.String) throw JsonBody.Bad($"'{property.Name}' must be a text.");
        var text = property.Value.GetString()!;
        if (text.Length > LongestText || text.Any(char.IsControl)) throw JsonBody.Bad($"'{property.Name}' may have at most {LongestText} characters, all of them printable.");
        return text.Length == 0 ? null : text;
    }
}
