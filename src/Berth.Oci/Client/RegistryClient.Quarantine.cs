using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>Quarantine in a Berth registry (<c>/berth/v1/quarantine</c>).</summary>
public sealed partial class RegistryClient
{
    private const string QuarantinePath = "/berth/v1/quarantine";

    /// <summary>The quarantined manifests.</summary>
    public IAsyncEnumerable<JsonElement> ListQuarantinedDigestsAsync(CancellationToken cancellationToken) =>
        ListMetadataAsync($"{QuarantinePath}/digests?n=100", "value", TokenScopes.Quarantine, cancellationToken);

    /// <summary>The quarantined repositories.</summary>
    public IAsyncEnumerable<JsonElement> ListQuarantinedRepositoriesAsync(CancellationToken cancellationToken) =>
        ListMetadataAsync($"{QuarantinePath}/repositories?n=100", "value", TokenScopes.Quarantine, cancellationToken);

    /// <summary>Quarantines a manifest, whether or not it is there.</summary>
    /// <param name="digest">The manifest.</param>
    /// <param name="settings">Why and until when: <c>reason</c>, <c>until</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> QuarantineAsync(Digest digest, JsonElement settings, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Put, $"{QuarantinePath}/digests/{digest}", TokenScopes.Quarantine, settings, HttpStatusCode.OK, cancellationToken);

    /// <summary>Quarantines a repository with all that it holds.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="settings">Why and until when: <c>reason</c>, <c>until</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> QuarantineAsync(RepositoryName repository, JsonElement settings, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Put, $"{QuarantinePath}/repositories/{repository}", TokenScopes.Quarantine, settings, HttpStatusCode.OK, cancellationToken);

    /// <summary>Ends the quarantine of a manifest.</summary>
    public Task EndQuarantineAsync(Digest digest, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, $"{QuarantinePath}/digests/{digest}", TokenScopes.Quarantine, null, HttpStatusCode.NoContent, cancellationToken);

    /// <summary>Ends the quarantine of a repository.</summary>
    public Task EndQuarantineAsync(RepositoryName repository, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, $"{QuarantinePath}/repositories/{repository}", TokenScopes.Quarantine, null, HttpStatusCode.NoContent, cancellationToken);
}
