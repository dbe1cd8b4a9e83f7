namespace Berth.Registry.Identity.Authorization;

/// <summary>One entry of a registry token's <c>access</c> claim.</summary>
/// <param name="Type"><c>repository</c> or <c>registry</c>.</param>
/// <param name="Name">The repository, or what of the registry: <c>catalog</c>, <c>deleted_catalog</c>, <c>workloads</c>, <c>usage</c>, <c>quotas</c>, <c>tag_rules</c> or <c>quarantine</c>.</param>
/// <param name="Actions">What the token may do there, in the words of scopes.</param>
public sealed record AccessEntry(string Type, string Name, IReadOnlyList<string> Actions);
