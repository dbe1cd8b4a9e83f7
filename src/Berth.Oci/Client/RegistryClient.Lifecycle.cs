using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>Berth's API of lifecycle rules (<c>/berth/v1/lifecycle</c>). Answers are given as they come.</summary>
public sealed partial class RegistryClient
{
    private const string Lifecycle = "/berth/v1/lifecycle/";

    /// <summary>Reads what a path of the API names, such as <c>rules</c> or <c>runs/7</c>.</summary>
    public Task<JsonElement> GetLifecycleAsync(string path, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, Lifecycle + path, TokenScopes.LifecycleRead, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>The entries of a list of the API, from all of its pages.</summary>
    /// <param name="path">The path, such as <c>runs</c>.</param>
    /// <param name="name">The name that the entries have in the answer.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<JsonElement> ListLifecycleAsync(string path, string name, CancellationToken cancellationToken) =>
        ListMetadataAsync(Lifecycle + path, name, TokenScopes.LifecycleRead, cancellationToken);

    /// <summary>Makes a preview or starts a run; the result is as it is by then.</summary>
    /// <param name="path"><c>previews</c> or <c>runs</c>.</param>
    /// <param name="body">What it is to be of.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> PostLifecycleAsync(string path, JsonElement body, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Post, Lifecycle + path, TokenScopes.LifecycleWrite, body, HttpStatusCode.Created, cancellationToken);

    /// <summary>Makes or replaces a rule.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="preview">A preview of it; null for none.</param>
    /// <param name="force">Whether it is saved without one.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> PutLifecycleRuleAsync(string name, JsonElement rule, long? preview, bool force, CancellationToken cancellationToken)
    {
        var query = preview is { } id ? FormattableString.Invariant($"?preview={id}") : force ? "?force=true" : "";
        return SendJsonAsync(HttpMethod.Put, $"{Lifecycle}rules/{name}{query}", TokenScopes.LifecycleWrite, rule, [HttpStatusCode.OK, HttpStatusCode.Created], cancellationToken);
    }

    /// <summary>Deletes a rule.</summary>
    public Task DeleteLifecycleRuleAsync(string name, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, $"{Lifecycle}rules/{name}", TokenScopes.LifecycleWrite, null, HttpStatusCode.NoContent, cancellationToken);
}
