namespace Berth.Registry.Identity.Authorization;

/// <summary>One entry of a registry token's <c>access</c> claim.</summary>
/// <param name="Type"><c>repository</c> or <c>registry</c>.</param>
/// <param name="Name">The repository, or <c>catalog</c>, <c>deleted_catalog</c>, <c>usage</c> or <c>quotas</c>.</param>
/// <param name="Actions">What the token may do there, in the words of scopes.</param>
public sealed record AccessEntry(string Type, string Name, IReadOnlyList<string> Actions);
