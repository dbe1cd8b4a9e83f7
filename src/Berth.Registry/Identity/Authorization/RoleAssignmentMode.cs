namespace Berth.Registry.Identity.Authorization;

/// <summary>What in a role gives rights on repositories: a registry's <c>roleAssignmentMode</c>.</summary>
public enum RoleAssignmentMode
{
    /// <summary>Actions of the control plane such as <c>pull/read</c>, always on all repositories.</summary>
    LegacyRegistryPermissions,

    /// <summary>Data actions such as <c>repositories/content/read</c>, on the repositories that the assignment's condition leaves.</summary>
    AbacRepositoryPermissions,
}
