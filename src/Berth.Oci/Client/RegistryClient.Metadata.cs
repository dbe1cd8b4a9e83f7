using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;
using Berth.Oci.Client.Wire;

namespace Berth.Oci.Client;

/// <summary>
/// Azure Container Registry's metadata API (<c>/acr/v1</c>, data plane 2021-07-01), which the OCI specification has nothing like. Answers are given as they come,
/// because registries add to them.
/// </summary>
public sealed partial class RegistryClient
{
    private const int UsualPage = 100;

    /// <summary>The attributes of a repository, a tag or a manifest: the whole answer, with the names of registry and repository around them.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> or <see cref="OciErrorCode.ManifestUnknown"/> when it is absent.</exception>
    public Task<JsonElement> GetAttributesAsync(RepositoryName repository, Reference? reference, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, MetadataPath(repository, reference), TokenScopes.MetadataRead(repository), null, HttpStatusCode.OK, cancellationToken);

    /// <summary>Changes attributes of a repository, a tag or a manifest; the result is what <see cref="GetAttributesAsync"/> gives then.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="reference">The tag or manifest; null for the repository itself.</param>
    /// <param name="changes">A JSON object with those that change.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> SetAttributesAsync(RepositoryName repository, Reference? reference, JsonElement changes, CancellationToken cancellationToken) =>
        SendMetadataAsync(
            HttpMethod.Patch, MetadataPath(repository, reference), TokenScopes.MetadataWrite(repository), changes, HttpStatusCode.OK, cancellationToken);

    /// <summary>Removes a tag; its manifest stays.</summary>
    public Task UntagAsync(RepositoryName repository, Tag tag, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, MetadataPath(repository, Reference.To(tag)), TokenScopes.Delete(repository), null, HttpStatusCode.Accepted, cancellationToken);

    /// <summary>Deletes a repository with all that it holds; the result names the manifests and tags.</summary>
    public Task<JsonElement> DeleteRepositoryAsync(RepositoryName repository, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, MetadataPath(repository, null), TokenScopes.Delete(repository), null, HttpStatusCode.Accepted, cancellationToken);

    /// <summary>The tags of a repository with their attributes.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="order">By which they are ordered.</param>
    /// <param name="pageSize">How many to ask for at a time (<c>n</c>); null for 100, as Azure's own clients ask.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<JsonElement> ListTagAttributesAsync(RepositoryName repository, MetadataOrder order, int? pageSize, CancellationToken cancellationToken) =>
        ListMetadataAsync($"{MetadataPath(repository, null)}/_tags{Query(order, pageSize)}", "tags", TokenScopes.MetadataRead(repository), cancellationToken);

    /// <summary>The tags of one manifest with their attributes.</summary>
    public IAsyncEnumerable<JsonElement> ListTagsOfAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken) =>
        ListMetadataAsync($"{MetadataPath(repository, null)}/_tags{Query(MetadataOrder.Name, null)}&digest={digest}", "tags", TokenScopes.MetadataRead(repository), cancellationToken);

    /// <summary>The manifests of a repository with their attributes and tags.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="order">By which they are ordered.</param>
    /// <param name="pageSize">How many to ask for at a time (<c>n</c>); null for 100.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<JsonElement> ListManifestAttributesAsync(RepositoryName repository, MetadataOrder order, int? pageSize, CancellationToken cancellationToken) =>
        ListMetadataAsync($"{MetadataPath(repository, null)}/_manifests{Query(order, pageSize)}", "manifests", TokenScopes.MetadataRead(repository), cancellationToken);

    private static string MetadataPath(RepositoryName repository, Reference? reference) => reference is not { } of ? $"/acr/v1/{repository}"
        : of.IsDigest ? $"/acr/v1/{repository}/_manifests/{of}"
        : $"/acr/v1/{repository}/_tags/{of}";

    private static string Query(MetadataOrder order, int? pageSize) => string.Create(CultureInfo.InvariantCulture, $"?n={pageSize ?? UsualPage}") + order switch
    {
        MetadataOrder.OldestFirst => "&orderby=timeasc",
        MetadataOrder.NewestFirst => "&orderby=timedesc",
        _ => "",
    };

    private async IAsyncEnumerable<JsonElement> ListMetadataAsync(
        string path, string name, string scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync(path, scope, WireContext.Default.JsonDocument, cancellationToken))
        {
            using (page)
            {
                if (page is null || page.RootElement.ValueKind != JsonValueKind.Object) continue;
                if (!page.RootElement.TryGetProperty(name, out var items) || items.ValueKind != JsonValueKind.Array) continue;
                foreach (var item in items.EnumerateArray()) yield return item.Clone();
            }
        }
    }

    private Task<JsonElement> SendMetadataAsync(
        HttpMethod method, string path, string scope, JsonElement? body, HttpStatusCode expected, CancellationToken cancellationToken) =>
        SendMetadataAsync(method, path, scope, body, [expected], cancellationToken);

    private async Task<JsonElement> SendMetadataAsync(
        HttpMethod method, string path, string scope, JsonElement? body, HttpStatusCode[] expected, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = method,
            Address = At(path),
            Scopes = [scope],
            Expected = expected,
            Content = body is { } json ? () => new StringContent(json.GetRawText(), System.Text.Encoding.UTF8, "application/json") : null,
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        var bytes = await TimeLimit.RunAsync(
            _options.ResponseLimit, _options.Time, Address.Authority, token => BoundedBody.TryReadAsync(response.Content, BoundedBody.Page, token), cancellationToken)
            ?? throw new OciException(OciErrorCode.Unknown, $"{Address.Authority} answered more than {BoundedBody.Page} bytes.", 502);
        if (bytes.Length == 0) return default;
        try
        {
            using var document = JsonReading.ParseReadable(bytes, default);
            return document?.RootElement.Clone() ?? throw Unreadable();
        }
        catch (JsonException)
        {
            throw Unreadable();
        }

        OciException Unreadable() => new(OciErrorCode.Unknown, $"{Address.Authority} did not answer with JSON to {method} {path}.", 502);
    }
}

/// <summary>The order of a list of Azure Container Registry's metadata API.</summary>
public enum MetadataOrder
{
    /// <summary>By name or digest.</summary>
    Name,

    /// <summary>By the time of the last change, the oldest first.</summary>
    OldestFirst,

    /// <summary>By the time of the last change, the newest first.</summary>
    NewestFirst,
}
