using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>The calls that show and set the quotas of a registry and its repositories.</summary>
internal sealed class QuotaCalls(IUsage usage, IQuotas quotas, PublicNames names)
{
    // An exbibyte: what is larger is a slip, and sums must not overflow.
    private const long MostBytes = 1L << 60;
    private const int UsualEntries = 100;
    private const int MostEntries = 1_000;

    /// <summary><c>GET quotas</c></summary>
    public async Task ShowAsync(UsageRequest request)
    {
        var figures = await usage.ReadUsageAsync(request.Registry, request.Aborted) ?? throw Deleted();
        await request.AnswerAsync(json =>
        {
            json.WriteString("registry"u8, names.LoginServer(request.Admission.Registry.Name));
            json.WriteNumber("bytes"u8, figures.Bytes);
            UsageJson.WriteLimits(json, figures);
        });
    }

    /// <summary><c>PUT quotas</c></summary>
    public async Task SetAsync(UsageRequest request)
    {
        await SetAsync(request, null, await ReadLimitsAsync(request));
        await ShowAsync(request);
    }

    /// <summary><c>DELETE quotas</c></summary>
    public async Task DeleteAsync(UsageRequest request)
    {
        await SetAsync(request, null, default);
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary><c>GET quotas/repositories</c>: those that have one, by name.</summary>
    public async Task RepositoriesAsync(UsageRequest request)
    {
        var count = request.ReadNumber("n", UsualEntries, MostEntries);
        var page = await quotas.ListLimitedRepositoriesAsync(request.Registry, request.Query("last"), count, request.Aborted);
        UsageCalls.SetLink(request, UsageRoute.QuotasPath + "/repositories", count, page);
        await request.AnswerAsync("repositories", page.Items, UsageJson.WriteQuota);
    }

    /// <summary><c>GET quotas/repositories/{name}</c></summary>
    public async Task ShowRepositoryAsync(UsageRequest request)
    {
        var found = await usage.ReadRepositoryUsageAsync(request.Registry, request.Repository, request.Aborted) ?? throw request.UnknownRepository();
        await request.AnswerAsync(json => UsageJson.WriteQuota(json, found));
    }

    /// <summary><c>PUT quotas/repositories/{name}</c>: also of one that holds nothing yet.</summary>
    public async Task SetRepositoryAsync(UsageRequest request)
    {
        var limits = await ReadLimitsAsync(request);
        if (!limits.IsAny) throw UsageRequest.Bad("Give 'limit' or 'softLimit', or take the quota away with DELETE.");
        await SetAsync(request, request.Repository, limits);
        await ShowRepositoryAsync(request);
    }

    /// <summary><c>DELETE quotas/repositories/{name}</c></summary>
    public async Task DeleteRepositoryAsync(UsageRequest request)
    {
        if (await usage.ReadRepositoryUsageAsync(request.Registry, request.Repository, request.Aborted) is null) throw request.UnknownRepository();
        await SetAsync(request, request.Repository, default);
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task SetAsync(UsageRequest request, RepositoryName? repository, QuotaLimits limits)
    {
        if (!await quotas.SetQuotaAsync(request.Registry, repository, limits, request.Caller, request.Aborted)) throw Deleted();
    }

    private static async Task<QuotaLimits> ReadLimitsAsync(UsageRequest request)
    {
        using var body = await request.ReadBodyAsync();
        var limits = default(QuotaLimits);
        foreach (var property in body.RootElement.EnumerateObject())
        {
            limits = property.Name switch
            {
                "limit" => limits with { Hard = ReadBytes(property) },
                "softLimit" => limits with { Soft = ReadBytes(property) },
                _ => throw UsageRequest.Bad($"'{ClientText.Shorten(property.Name, 100)}' is not known here; there are 'limit' and 'softLimit', both in bytes."),
            };
        }

        return limits.Soft > limits.Hard ? throw UsageRequest.Bad("'softLimit' must not be above 'limit', or it would never be passed.") : limits;
    }

    private static long? ReadBytes(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Null) return null;
        return property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out var bytes) && bytes is >= 0 and <= MostBytes
            ? bytes
            : throw UsageRequest.Bad($"'{property.Name}' must be a whole number of bytes from 0 to {MostBytes}, or null for no limit.");
    }

    private static OciException Deleted() => new(OciErrorCode.NameUnknown, "This registry was deleted.");
}
