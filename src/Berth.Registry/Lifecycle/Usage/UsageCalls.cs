using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>The calls that say what a registry, its repositories and chosen images hold.</summary>
internal sealed class UsageCalls(IUsage usage, PublicNames names, TimeProvider time)
{
    private const int UsualEntries = 100;
    private const int MostEntries = 1_000;
    private const int UsualDays = 30;

    /// <summary><c>GET usage</c></summary>
    public async Task ShowAsync(UsageRequest request)
    {
        var figures = await FindAsync(request);
        await request.AnswerAsync(json =>
        {
            json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
            UsageJson.WriteHeld(json, figures);
            UsageJson.WriteLimits(json, figures);
        });
    }

    /// <summary><c>GET usage/history</c>: the samples of the last days, and what is held now.</summary>
    public async Task HistoryAsync(UsageRequest request)
    {
        var days = request.ReadNumber("days", UsualDays, IUsage.DaysOfHistory);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var figures = await FindAsync(request);
        await AnswerHistoryAsync(request, await usage.ReadUsageHistoryAsync(request.Registry, today.AddDays(1 - days), request.Aborted), figures);
    }

    /// <summary><c>GET usage/history/{name}</c>: the same of a repository, with a sample for each day.</summary>
    public async Task RepositoryHistoryAsync(UsageRequest request)
    {
        var days = request.ReadNumber("days", UsualDays, IUsage.DaysOfHistory);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var samples = await usage.ReadRepositoryHistoryAsync(request.Registry, request.Repository, today.AddDays(1 - days), today, request.Aborted);
        var found = await usage.ReadRepositoryUsageAsync(request.Registry, request.Repository, request.Aborted);
        if (found is null && samples.Count == 0) throw request.UnknownRepository();
        await AnswerHistoryAsync(request, samples, found?.Figures ?? new UsageFigures(0, 0, 0, 0));
    }

    /// <summary><c>GET usage/owners</c>: those whose repositories hold most.</summary>
    public async Task OwnersAsync(UsageRequest request)
    {
        var top = request.ReadNumber("top", UsualEntries, MostEntries);
        await request.AnswerAsync("owners", await usage.ListLargestOwnersAsync(request.Registry, top, request.Aborted), UsageJson.Write);
    }

    /// <summary><c>GET usage/repositories</c>: the largest, or all by name in pages.</summary>
    public async Task RepositoriesAsync(UsageRequest request)
    {
        var order = request.Query("orderby") ?? "bytes";
        if (order == "bytes")
        {
            var top = request.ReadNumber("top", UsualEntries, MostEntries);
            await request.AnswerAsync("repositories", await usage.ListLargestRepositoriesAsync(request.Registry, top, request.Aborted), UsageJson.Write);
            return;
        }

        if (order != "name") throw UsageRequest.Bad("orderby must be bytes or name.");
        var count = request.ReadNumber("n", UsualEntries, MostEntries);
        var page = await usage.ListRepositoryUsageAsync(request.Registry, request.Query("last"), count, request.Aborted);
        SetLink(request, UsageRoute.UsagePath + "/repositories", count, page, ("orderby", order));
        await request.AnswerAsync("repositories", page.Items, UsageJson.Write);
    }

    /// <summary><c>GET usage/repositories/{name}</c></summary>
    public async Task RepositoryAsync(UsageRequest request)
    {
        var found = await usage.ReadRepositoryUsageAsync(request.Registry, request.Repository, request.Aborted) ?? throw request.UnknownRepository();
        await request.AnswerAsync(json => UsageJson.Write(json, found));
    }

    /// <summary><c>GET usage/images/{name}?digest=</c></summary>
    public async Task ImageAsync(UsageRequest request)
    {
        var digests = request.Http.Request.Query["digest"].Select(ParseDigest).ToHashSet();
        await AnswerImagesAsync(request, digests, request.ReadFlag("children", usual: true));
    }

    /// <summary><c>POST usage/images/{name}</c>: the same for more digests than an address holds.</summary>
    public async Task ImagesAsync(UsageRequest request)
    {
        using var body = await request.ReadBodyAsync();
        var digests = new HashSet<Digest>();
        var withChildren = true;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            switch (property.Name)
            {
                case "digests" when property.Value.ValueKind == JsonValueKind.Array:
                    foreach (var digest in property.Value.EnumerateArray()) digests.Add(ParseDigest(digest.ValueKind == JsonValueKind.String ? digest.GetString() : null));
                    break;
                case "children" when property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    withChildren = property.Value.ValueKind == JsonValueKind.True;
                    break;
                default:
                    throw UsageRequest.Bad("The body has 'digests', a list of digests, and 'children', true or false.");
            }
        }

        await AnswerImagesAsync(request, digests, withChildren);
    }

    /// <summary>Leads to the next page of a list by name, where there is one.</summary>
    public static void SetLink<T>(UsageRequest request, string path, int count, Page<T> page, params ReadOnlySpan<(string Name, string Value)> more)
    {
        if (page is not { More: true, Last: { } last }) return;
        request.Http.Response.Headers.Link = LinkHeader.FormatNext(path, [.. more, ("n", count.ToString(CultureInfo.InvariantCulture)), ("last", last)]);
    }

    private static Task AnswerHistoryAsync(UsageRequest request, IReadOnlyList<UsageSample> samples, UsageFigures figures) => request.AnswerAsync(json =>
    {
        json.WriteStartArray("days"u8);
        foreach (var sample in samples)
        {
            json.WriteStartObject();
            json.WriteString("day"u8, sample.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            UsageJson.WriteHeld(json, sample.Figures);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("now"u8);
        UsageJson.WriteHeld(json, figures);
        json.WriteEndObject();
        json.WriteNumber("growthBytes"u8, samples.Count == 0 ? 0 : figures.Bytes - samples[0].Figures.Bytes);
    });

    private async Task AnswerImagesAsync(UsageRequest request, HashSet<Digest> digests, bool withChildren)
    {
        if (digests.Count == 0) throw UsageRequest.Bad("Say which manifests are meant: their digests.");
        if (digests.Count > IUsage.MostManifests) throw TooMany();
        var result = await usage.ReadImageUsageAsync(request.Registry, request.Repository, digests, withChildren, request.Aborted);
        if (!result.HasRepository) throw request.UnknownRepository();
        if (!result.Missing.IsDefault)
            throw new OciException(OciErrorCode.ManifestUnknown, $"The repository '{request.Repository}' has no manifest {result.Missing}.", detail: result.Missing.ToString());

        var found = result.Usage ?? throw TooMany();
        await request.AnswerAsync(json =>
        {
            json.WriteString("repository"u8, request.Repository.Value);
            json.WriteNumber("manifests"u8, found.Manifests);
            json.WriteNumber("blobs"u8, found.Blobs);
            json.WriteNumber("bytes"u8, found.Bytes);
            json.WriteNumber("uniqueBytes"u8, found.UniqueBytes);
            json.WriteNumber("sharedBytes"u8, found.Bytes - found.UniqueBytes);
            json.WriteNumber("freedBytes"u8, found.FreedBytes);
            json.WriteNumber("children"u8, found.Children);
            json.WriteNumber("keptChildren"u8, found.KeptChildren);
        });
    }

    private async ValueTask<UsageFigures> FindAsync(UsageRequest request) => await usage.ReadUsageAsync(request.Registry, request.Aborted)
        ?? throw new OciException(OciErrorCode.NameUnknown, "This registry was deleted.");

    private static Digest ParseDigest(string? text) => Digest.TryParse(text, out var digest)
        ? digest
        : throw new OciException(OciErrorCode.DigestInvalid, "A digest must be that of a manifest, such as sha256:<64 hexadecimal digits>.");

    private static OciException TooMany() => UsageRequest.Bad(
        $"That is more than {IUsage.MostManifests} manifests, with those that the indexes among them list; ask about fewer at once, or with children=false.");
}
