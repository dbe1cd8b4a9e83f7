using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>Why somebody may or may not do something to a repository.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Action">What was asked for.</param>
/// <param name="IsAllowed">The answer.</param>
/// <param name="Reasons">What each source of rights says to it; those that allow it first.</param>
/// <param name="RolesThatAllow">Built-in roles that would give it, the narrowest first; empty where it is allowed or roles do not count.</param>
public sealed record AccessExplanation(
    RepositoryName Repository, RepositoryAction Action, bool IsAllowed, IReadOnlyList<AccessReason> Reasons, IReadOnlyList<string> RolesThatAllow);

/// <summary>What one source of rights says to a question.</summary>
/// <param name="Source">The assignment's id, or the name of what else gives rights.</param>
/// <param name="Role">The role's name, where the source is an assignment.</param>
/// <param name="Scope">Where the role is assigned.</param>
/// <param name="Condition">The assignment's condition.</param>
/// <param name="Verdict">The answer.</param>
/// <param name="Sentence">The answer for people.</param>
public sealed record AccessReason(string Source, string? Role, string? Scope, string? Condition, AccessVerdict Verdict, string Sentence);

/// <summary>How one source of rights answers.</summary>
public enum AccessVerdict
{
    /// <summary>It allows it.</summary>
    Allowed,

    /// <summary>The role, or the scope map, does not have the action.</summary>
    ActionMissing,

    /// <summary>It has the action for other repositories alone.</summary>
    OtherRepositories,

    /// <summary>The assignment's condition does not hold for the repository.</summary>
    ConditionNotMet,

    /// <summary>The role would give it if the registry were in the other mode.</summary>
    OtherMode,

    /// <summary>The assignment has a condition, and the registry's mode does not know conditions.</summary>
    ConditionNotSupported,
}
