using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>What a Berth registry says of its usage and its quotas (<c>/berth/v1</c>); other registries have nothing like it.</summary>
public sealed partial class RegistryClient
{
    private const string UsagePath = "/berth/v1/usage";
    private const string QuotasPath = "/berth/v1/quotas";

    /// <summary>What the registry holds, and its quota.</summary>
    public Task<JsonElement> GetUsageAsync(CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, UsagePath, TokenScopes.Usage, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>What the registry held on the last days.</summary>
    public Task<JsonElement> GetUsageHistoryAsync(int days, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, $"{UsagePath}/history?days={days}", TokenScopes.Usage, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>What a repository held on the last days.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when it never held anything.</exception>
    public Task<JsonElement> GetUsageHistoryAsync(RepositoryName repository, int days, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, $"{UsagePath}/history/{repository}?days={days}", TokenScopes.Usage, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>The owners whose repositories hold most, the largest first.</summary>
    public IAsyncEnumerable<JsonElement> ListOwnerUsageAsync(int top, CancellationToken cancellationToken) =>
        ListMetadataAsync($"{UsagePath}/owners?top={top}", "owners", TokenScopes.Usage, cancellationToken);

    /// <summary>The repositories that hold most, the largest first.</summary>
    public IAsyncEnumerable<JsonElement> ListLargestRepositoriesAsync(int top, CancellationToken cancellationToken) =>
        ListMetadataAsync($"{UsagePath}/repositories?orderby=bytes&top={top}", "repositories", TokenScopes.Usage, cancellationToken);

    /// <summary>The repositories that hold something, by name.</summary>
    public IAsyncEnumerable<JsonElement> ListRepositoryUsageAsync(CancellationToken cancellationToken) =>
        ListMetadataAsync($"{UsagePath}/repositories?orderby=name&n=100", "repositories", TokenScopes.Usage, cancellationToken);

    /// <summary>What a repository holds, and its quota.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when it holds nothing.</exception>
    public Task<JsonElement> GetRepositoryUsageAsync(RepositoryName repository, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, $"{UsagePath}/repositories/{repository}", TokenScopes.Usage, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>What manifests of a repository hold, and what their deletion would free.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digests">The manifests.</param>
    /// <param name="withChildren">Whether what an index lists counts with it, as far as nothing else names it.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> GetImageUsageAsync(RepositoryName repository, IEnumerable<Digest> digests, bool withChildren, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("digests"u8);
            foreach (var digest in digests) json.WriteStringValue(digest.ToString());
            json.WriteEndArray();
            json.WriteBoolean("children"u8, withChildren);
            json.WriteEndObject();
        }

        using var body = JsonDocument.Parse(bytes.ToArray());
        return SendMetadataAsync(HttpMethod.Post, $"{UsagePath}/images/{repository}", TokenScopes.Usage, body.RootElement.Clone(), HttpStatusCode.OK, cancellationToken);
    }

    /// <summary>The quota of the registry, or of a repository of it.</summary>
    public Task<JsonElement> GetQuotaAsync(RepositoryName? repository, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, QuotaPath(repository), TokenScopes.Usage, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>The quotas of repositories, by name.</summary>
    public IAsyncEnumerable<JsonElement> ListQuotasAsync(CancellationToken cancellationToken) =>
        ListMetadataAsync($"{QuotasPath}/repositories?n=100", "repositories", TokenScopes.Usage, cancellationToken);

    /// <summary>Sets the quota of the registry, or of a repository of it; the result is what stands then.</summary>
    /// <param name="repository">The repository; null for the registry.</param>
    /// <param name="limits">A JSON object with <c>limit</c>, <c>softLimit</c> or both, in bytes.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> SetQuotaAsync(RepositoryName? repository, JsonElement limits, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Put, QuotaPath(repository), TokenScopes.Quotas, limits, HttpStatusCode.OK, cancellationToken);

    /// <summary>Takes the quota of the registry, or of a repository of it, away.</summary>
    public Task DeleteQuotaAsync(RepositoryName? repository, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, QuotaPath(repository), TokenScopes.Quotas, null, HttpStatusCode.NoContent, cancellationToken);

    private static string QuotaPath(RepositoryName? repository) => repository is { } name ? $"{QuotasPath}/repositories/{name}" : QuotasPath;
}
