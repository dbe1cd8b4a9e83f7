using System.Collections.Frozen;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>What one principal may do in one registry, worked out once; what nothing gives is denied.</summary>
public sealed class RegistryPermissions
{
    /// <summary>No right at all.</summary>
    public static readonly RegistryPermissions None = new([], null);

    /// <summary>The rights of the owner's account.</summary>
    public static readonly RegistryPermissions Owner = OfEverything("owner account", isOwner: true);

    /// <summary>The admin account's rights.</summary>
    public static readonly RegistryPermissions Admin = OfEverything("admin account");

    private static readonly RepositoryAction[] AnonymousActions = [RepositoryAction.ContentRead, RepositoryAction.MetadataRead];

    private readonly IReadOnlyList<PermissionGrant> _grants;
    private readonly NameSet[] _repositories;
    private readonly FrozenSet<RegistryAction> _registry;

    private RegistryPermissions(IReadOnlyList<PermissionGrant> grants, RoleAssignmentMode? mode)
    {
        _grants = grants;
        Mode = mode;
        _repositories = [.. Enum.GetValues<RepositoryAction>().Select(action =>
            NameSet.Union(grants.Select(grant => grant.Repositories.GetValueOrDefault(action, NameSet.None))))];
        _registry = grants.SelectMany(grant => grant.Registry).ToFrozenSet();
    }

    /// <summary>The mode that assignments were read in; null when roles do not count for the principal.</summary>
    public RoleAssignmentMode? Mode { get; }

    /// <summary>Everything that can be done to what is stored, and nothing on the control plane; the source says in an explanation who may do that.</summary>
    public static RegistryPermissions OfEverything(string source) => OfEverything(source, isOwner: false);

    // What binds those who push and pull is not theirs to decide, whatever else they may.
    private static bool Binds(RegistryAction action) =>
        action is RegistryAction.TagRulesWrite or RegistryAction.TagRulesDelete or RegistryAction.QuarantineRead or RegistryAction.QuarantineWrite;

    private static RegistryPermissions OfEverything(string source, bool isOwner) => new(
        [
            new PermissionGrant
            {
                Source = source,
                IsOwner = isOwner,
                Repositories = Enum.GetValues<RepositoryAction>().ToFrozenDictionary(action => action, _ => NameSet.All),
                Registry = Enum.GetValues<RegistryAction>().Where(action => isOwner || !Binds(action)).ToFrozenSet(),
            },
        ],
        null);

    /// <summary>The rights of somebody with these assignments, each at a scope that contains the registry.</summary>
    public static RegistryPermissions FromAssignments(IEnumerable<RoleAssignment> assignments, RoleAssignmentMode mode) =>
        new([.. assignments.Select(assignment => new PermissionGrant
        {
            Source = assignment.Id,
            Repositories = Enum.GetValues<RepositoryAction>().ToFrozenDictionary(action => action, action => assignment.Allows(action, mode)),
            Registry = Enum.GetValues<RegistryAction>().Where(action => assignment.Allows(action, mode)).ToFrozenSet(),
            Assignment = assignment,
            Mode = mode,
        })], mode);

    /// <summary>The rights of a token with this scope map; it lists no catalog.</summary>
    public static RegistryPermissions FromScopeMap(ScopeMap map) => new(
        [
            new PermissionGrant
            {
                Source = $"scope map {map.Name}",
                Repositories = Enum.GetValues<RepositoryAction>().ToFrozenDictionary(
                    action => action, action => NameSet.Union(map.Actions.Where(a => a.Granted.Contains(action)).Select(a => a.Repositories))),
            },
        ],
        null);

    /// <summary>What anybody may do without a credential: pull from these repositories.</summary>
    public static RegistryPermissions FromAnonymousPull(NameSet repositories) => new(
        [
            new PermissionGrant
            {
                Source = "anonymous pull",
                Repositories = AnonymousActions.ToFrozenDictionary(action => action, _ => repositories),
            },
        ],
        null);

    /// <summary>The rights of all of them together.</summary>
    public static RegistryPermissions Union(params IReadOnlyList<RegistryPermissions> permissions) =>
        new([.. permissions.SelectMany(p => p._grants)], permissions.Select(p => p.Mode).FirstOrDefault(mode => mode is not null));

    /// <summary>The repositories on which the action is allowed.</summary>
    public NameSet Repositories(RepositoryAction action) => _repositories[(int)action];

    /// <summary>Whether the action is allowed on the repository.</summary>
    public bool IsAllowed(RepositoryName repository, RepositoryAction action) => Repositories(action).Contains(repository);

    /// <summary>Whether the action is allowed on the registry as a whole; signing in always is.</summary>
    public bool MayUse(RegistryAction action) => action == RegistryAction.SignIn || _registry.Contains(action);

    /// <summary>Whether the principal decides about the registry's settings: who may write content does not.</summary>
    public bool MayConfigure => _grants.Any(grant => grant.IsOwner) || MayControl("Microsoft.ContainerRegistry/registries/write");

    /// <summary>Whether the action of the control plane, in Azure's words, is allowed.</summary>
    public bool MayControl(string action) => _grants.Any(grant => grant.Assignment?.AllowsControl(action) ?? false);

    /// <summary>Why the action is or is not allowed on the repository.</summary>
    public AccessExplanation Explain(RepositoryName repository, RepositoryAction action)
    {
        var reasons = _grants.Select(grant => AccessReasoning.Of(grant, repository, action)).OrderBy(reason => reason.Verdict).ToList();
        var isAllowed = IsAllowed(repository, action);
        return new(repository, action, isAllowed, reasons, isAllowed || Mode is not { } mode ? [] : AccessReasoning.RolesThatAllow(action, mode));
    }
}
