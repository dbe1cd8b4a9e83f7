using System.Collections.Frozen;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>What one source - an assignment, a scope map, the admin account, anonymous pull - gives, and where it comes from.</summary>
internal sealed record PermissionGrant
{
    /// <summary>The source for people: the assignment's id, the map's name.</summary>
    public required string Source { get; init; }

    /// <summary>The repositories for each action; an action that is absent is not given.</summary>
    public required FrozenDictionary<RepositoryAction, NameSet> Repositories { get; init; }

    /// <summary>What is given on the registry as a whole.</summary>
    public FrozenSet<RegistryAction> Registry { get; init; } = [];

    /// <summary>Whether it is the owner's account, who decides about the registry itself, too.</summary>
    public bool IsOwner { get; init; }

    /// <summary>The assignment, where the source is one.</summary>
    public RoleAssignment? Assignment { get; init; }

    /// <summary>The mode that the assignment was read in.</summary>
    public RoleAssignmentMode Mode { get; init; }

    /// <summary>Whether the action is allowed on the repository.</summary>
    public bool Allows(RepositoryName repository, RepositoryAction action) => Repositories.TryGetValue(action, out var names) && names.Contains(repository);
}
