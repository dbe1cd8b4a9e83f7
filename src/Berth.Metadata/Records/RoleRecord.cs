namespace Berth.Metadata;

/// <summary>A role that operators defined.</summary>
/// <param name="Id">Its GUID in lower case.</param>
/// <param name="Name">Its name, unique in the installation.</param>
/// <param name="Description">What it is for.</param>
/// <param name="AssignableScopes">Where it may be assigned, a JSON array.</param>
/// <param name="Permissions">What it permits, a JSON array.</param>
public sealed record RoleDefinitionRecord(string Id, string Name, string Description, string AssignableScopes, string Permissions)
{
    /// <summary>Who made and changed it, and when; the store's to say.</summary>
    public Authorship Authorship { get; init; } = Authorship.None;
}

/// <summary>A role that a principal has at a scope and below.</summary>
/// <param name="Id">Its GUID in lower case.</param>
/// <param name="Scope">Where.</param>
/// <param name="RoleDefinitionId">The role's GUID in lower case, built in or not.</param>
/// <param name="PrincipalId">The principal's row.</param>
public sealed record RoleAssignmentRecord(string Id, ResourceScope Scope, string RoleDefinitionId, long PrincipalId)
{
    /// <summary>Whether the role is one that operators defined, which must be there still when the assignment is made; the caller's to say.</summary>
    public bool NeedsDefinition { get; init; }

    /// <summary>What the principal is; the store's to say.</summary>
    public PrincipalKind PrincipalKind { get; init; }

    /// <summary>The principal's GUID; the store's to say.</summary>
    public string PrincipalObjectId { get; init; } = "";

    /// <summary>The condition under which it holds, or null.</summary>
    public string? Condition { get; init; }

    /// <summary>The version of the condition's language, or null.</summary>
    public string? ConditionVersion { get; init; }

    /// <summary>What it is for, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Who made and changed it, and when; the store's to say.</summary>
    public Authorship Authorship { get; init; } = Authorship.None;
}

/// <summary>Who made and changed something, and when.</summary>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">The name of the principal that made it.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
/// <param name="UpdatedBy">The name of the principal that changed it last.</param>
public sealed record Authorship(DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset UpdatedAt, string UpdatedBy)
{
    /// <summary>Of something that the store does not hold yet.</summary>
    public static readonly Authorship None = new(default, "", default, "");
}

/// <summary>A role assignment with what decides about it.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Permissions">What the role permits, a JSON array; null when it is none that operators defined.</param>
public sealed record GrantedRole(RoleAssignmentRecord Assignment, string? Permissions)
{
    /// <summary>The role's name; null when it is none that operators defined.</summary>
    public string? RoleName { get; init; }
}

/// <summary>Which scopes a list of role assignments takes in.</summary>
public enum ScopeReach
{
    /// <summary>The scope itself.</summary>
    Exact,

    /// <summary>The scope and all that hold it: what has an effect there.</summary>
    AtOrAbove,

    /// <summary>The scope and all within it.</summary>
    AtOrBelow,
}
