using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>Finds out why a source of rights allows an action or not.</summary>
internal static class AccessReasoning
{
    /// <summary>What the source says to the question.</summary>
    public static AccessReason Of(PermissionGrant grant, RepositoryName repository, RepositoryAction action)
    {
        var (verdict, sentence) = grant.Assignment is { } assignment
            ? OfAssignment(assignment, grant.Mode, repository, action, grant.Allows(repository, action))
            : OfOther(grant, repository, action);
        return new(grant.Source, grant.Assignment?.Role.Name, grant.Assignment?.Scope, grant.Assignment?.Condition?.Text, verdict, sentence);
    }

    /// <summary>The built-in roles that give the action in the mode, those with the fewest rights first; the general ones last.</summary>
    public static IReadOnlyList<string> RolesThatAllow(RepositoryAction action, RoleAssignmentMode mode) =>
        [.. BuiltInRoles.All
            .Where(role => IsIn(role, action, mode))
            .OrderBy(role => role.Permissions.Any(block => block.Actions.Contains("*") || block.Actions.Contains("*/read")))
            .ThenBy(role => Enum.GetValues<RepositoryAction>().Count(other => IsIn(role, other, mode)))
            .ThenBy(role => role.Permissions.Sum(block => block.Actions.Count + block.DataActions.Count))
            .Select(role => role.Name)];

    private static (AccessVerdict Verdict, string Sentence) OfOther(PermissionGrant grant, RepositoryName repository, RepositoryAction action)
    {
        if (grant.Allows(repository, action)) return (AccessVerdict.Allowed, $"The {grant.Source} gives {action} on {repository}.");

        return grant.Repositories.GetValueOrDefault(action, NameSet.None).IsEmpty
            ? (AccessVerdict.ActionMissing, $"The {grant.Source} gives {action} on no repository.")
            : (AccessVerdict.OtherRepositories, $"The {grant.Source} gives {action} on other repositories, but not on {repository}.");
    }

    private static (AccessVerdict Verdict, string Sentence) OfAssignment(
        RoleAssignment assignment, RoleAssignmentMode mode, RepositoryName repository, RepositoryAction action, bool isAllowed)
    {
        var role = $"The role '{assignment.Role.Name}' at {assignment.Scope}";
        if (isAllowed)
            return (AccessVerdict.Allowed, $"{role} gives {action} on {repository}{(assignment.Condition is null ? "" : ", for which its condition holds")}.");

        var needed = string.Join(", or ", RightSource.Of(action, mode));
        var (otherMode, kind) = mode == RoleAssignmentMode.AbacRepositoryPermissions
            ? (RoleAssignmentMode.LegacyRegistryPermissions, "data action")
            : (RoleAssignmentMode.AbacRepositoryPermissions, "action");
        if (!IsIn(assignment.Role, action, mode))
        {
            return IsIn(assignment.Role, action, otherMode)
                ? (AccessVerdict.OtherMode, $"{role} gives {action} in a registry of mode {otherMode}; in this one, of mode {mode}, what counts is the {kind} {needed}.")
                : (AccessVerdict.ActionMissing, $"{role} does not have the {kind} {needed}.");
        }

        return mode == RoleAssignmentMode.LegacyRegistryPermissions
            ? (AccessVerdict.ConditionNotSupported, $"{role} has a condition, which a registry of mode {mode} cannot apply: it gives nothing on repositories.")
            : (AccessVerdict.ConditionNotMet, $"{role} has the {kind} {needed}, but its condition does not hold for {repository}.");
    }

    private static bool IsIn(RoleDefinition role, RepositoryAction action, RoleAssignmentMode mode) =>
        RightSource.Of(action, mode).Any(source => source.IsIn(role, mode));
}
