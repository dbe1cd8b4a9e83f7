using Berth.Metadata;

namespace Berth.Registry.Identity.Authorization;

/// <summary>A role that somebody holds at a scope which contains the registry.</summary>
/// <param name="Id">The assignment's id, for reports.</param>
/// <param name="Scope">Where it was assigned, for reports: the path of a subscription, a resource group or a registry.</param>
/// <param name="Role">The role.</param>
/// <param name="Condition">What narrows it; null for nothing.</param>
public sealed record RoleAssignment(string Id, string Scope, RoleDefinition Role, RoleCondition? Condition)
{
    /// <summary>The repositories on which the assignment allows the action in the mode.</summary>
    public NameSet Allows(RepositoryAction action, RoleAssignmentMode mode) =>
        NameSet.Union(RightSource.Of(action, mode).Select(source => Allows(source, mode)));

    /// <summary>Whether the assignment allows the action on the registry as a whole; a condition must then hold for every repository.</summary>
    public bool Allows(RegistryAction action, RoleAssignmentMode mode) =>
        RightSource.Of(action, mode).Any(source => Allows(source, mode).IsAll);

    /// <summary>Whether the assignment allows the action of the control plane; a condition must then hold for every repository.</summary>
    public bool AllowsControl(string action) => Role.AllowsAction(action) && (Condition is null || Condition.Permits(action).IsAll);

    private NameSet Allows(RightSource source, RoleAssignmentMode mode)
    {
        if (!source.IsIn(Role, mode)) return NameSet.None;
        if (Condition is null) return NameSet.All;

        // A condition narrows by repository, which this mode knows nothing of: what cannot be narrowed is not given.
        if (mode == RoleAssignmentMode.LegacyRegistryPermissions && !source.IsControl) return NameSet.None;
        return source.Actions.Aggregate(NameSet.All, (set, action) => set.Intersect(Condition.Permits(action)));
    }
}
