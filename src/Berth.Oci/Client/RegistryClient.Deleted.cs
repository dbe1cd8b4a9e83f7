using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>What was deleted in an Azure Container Registry that keeps deleted content for some days (<c>/acr/v1/_deleted</c>).</summary>
public sealed partial class RegistryClient
{
    /// <summary>The repositories in which something deleted can be restored.</summary>
    public IAsyncEnumerable<JsonElement> ListDeletedRepositoriesAsync(CancellationToken cancellationToken) =>
        ListMetadataAsync("/acr/v1/_deleted/_catalog?n=100", "repositories", TokenScopes.DeletedCatalog, cancellationToken);

    /// <summary>The deleted manifests of a repository.</summary>
    public IAsyncEnumerable<JsonElement> ListDeletedManifestsAsync(RepositoryName repository, CancellationToken cancellationToken) =>
        ListMetadataAsync($"/acr/v1/_deleted/{repository}/_manifests?n=100", "manifests", TokenScopes.DeletedRead(repository), cancellationToken);

    /// <summary>The deleted tags of a repository; of one that was deleted several times the newest entry comes last.</summary>
    public IAsyncEnumerable<JsonElement> ListDeletedTagsAsync(RepositoryName repository, CancellationToken cancellationToken) =>
        ListMetadataAsync($"/acr/v1/_deleted/{repository}/_tags?n=100", "tags", TokenScopes.DeletedRead(repository), cancellationToken);

    /// <summary>Restores a deleted manifest.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="tag">The tag that it gets; null leaves that to the registry.</param>
    /// <param name="force">Whether the tag is taken from the manifest that it names now.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="OciException"><see cref="OciErrorCode.ManifestUnknown"/> when there is no such deleted manifest.</exception>
    public Task<JsonElement> RestoreManifestAsync(RepositoryName repository, Digest digest, Tag? tag, bool force, CancellationToken cancellationToken)
    {
        using var body = tag is { } named ? JsonDocument.Parse($$"""{"tag":"{{named}}"}""") : null;
        return SendMetadataAsync(
            HttpMethod.Post, $"/acr/v1/_deleted/{repository}/_manifests/{digest}?force={(force ? "true" : "false")}", TokenScopes.DeletedRestore(repository),
            body?.RootElement.Clone(), HttpStatusCode.OK, cancellationToken);
    }
}
