namespace Berth.Registry.Identity.Authorization;

/// <summary>One block of a role: patterns of actions that it allows, and patterns that are taken out of these again.</summary>
/// <param name="Actions">Actions of the control plane.</param>
/// <param name="NotActions">What is taken out of <paramref name="Actions"/>.</param>
/// <param name="DataActions">Actions on what is stored.</param>
/// <param name="NotDataActions">What is taken out of <paramref name="DataActions"/>.</param>
public sealed record RolePermissions(
    IReadOnlyList<string> Actions, IReadOnlyList<string> NotActions, IReadOnlyList<string> DataActions, IReadOnlyList<string> NotDataActions)
{
    /// <summary>Whether the block allows the action of the control plane.</summary>
    public bool AllowsAction(string action) => ActionPattern.MatchesAny(Actions, action) && !ActionPattern.MatchesAny(NotActions, action);

    /// <summary>Whether the block allows the action on what is stored.</summary>
    public bool AllowsDataAction(string action) => ActionPattern.MatchesAny(DataActions, action) && !ActionPattern.MatchesAny(NotDataActions, action);
}
