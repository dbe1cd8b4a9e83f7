using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>The rules that make a Berth registry's tags write-once (<c>/berth/v1/tag-rules</c>).</summary>
public sealed partial class RegistryClient
{
    private const string TagRulesPath = "/berth/v1/tag-rules";

    /// <summary>The registry's rules, by name.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListTagRulesAsync(CancellationToken cancellationToken)
    {
        var answer = await SendMetadataAsync(HttpMethod.Get, TagRulesPath, TokenScopes.TagRules, null, HttpStatusCode.OK, cancellationToken);
        return answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];
    }

    /// <summary>One rule.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when there is none of the name.</exception>
    public Task<JsonElement> GetTagRuleAsync(string name, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, TagRulePath(name), TokenScopes.TagRules, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>Makes a rule, or changes the one of the name.</summary>
    public Task<JsonElement> PutTagRuleAsync(string name, JsonElement settings, CancellationToken cancellationToken) =>
        SendJsonAsync(HttpMethod.Put, TagRulePath(name), TokenScopes.TagRules, settings, [HttpStatusCode.OK, HttpStatusCode.Created], cancellationToken);

    /// <summary>Deletes a rule.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when there is none of the name.</exception>
    public Task DeleteTagRuleAsync(string name, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, TagRulePath(name), TokenScopes.TagRules, null, HttpStatusCode.NoContent, cancellationToken);

    private static string TagRulePath(string name) => $"{TagRulesPath}/{Uri.EscapeDataString(name)}";
}
