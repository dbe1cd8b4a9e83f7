using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>What the caller of one request may do: what its principal may, as far as the credential that was sent reaches.</summary>
/// <param name="Permissions">What the principal may.</param>
/// <param name="Scopes">What the token was issued for; null for a credential without such a limit.</param>
public sealed record CallerRights(RegistryPermissions Permissions, RegistryScopes? Scopes)
{
    /// <summary>The repositories whose content the caller may read, as sorted, disjoint ranges of names.</summary>
    public IReadOnlyList<NameRange> Readable => Scopes is null
        ? Permissions.Repositories(RepositoryAction.ContentRead).Ranges
        : Permissions.Repositories(RepositoryAction.ContentRead).Intersect(Scopes.Repositories(RepositoryAction.ContentRead)).Ranges;

    /// <summary>The repositories that a catalog shows the caller: a token for the catalog reaches all that its principal may read.</summary>
    public IReadOnlyList<NameRange> Listable => Permissions.Repositories(RepositoryAction.ContentRead).Ranges;

    /// <summary>The repositories that a catalog of deleted content shows the caller.</summary>
    public IReadOnlyList<NameRange> ListableDeleted => Permissions.Repositories(RepositoryAction.DeletedRead).Ranges;

    /// <summary>Whether the principal decides about the registry's settings, such as who may pull without a credential.</summary>
    public bool MayConfigure => Permissions.MayConfigure;

    /// <summary>Whether the credential reaches the action; what pulls an image may list its tags.</summary>
    public bool Reach(RepositoryName repository, RepositoryAction action) => Scopes is null
        || Scopes.Include(repository, action)
        || (action == RepositoryAction.MetadataRead && Scopes.Include(repository, RepositoryAction.ContentRead));

    /// <summary>Whether the credential reaches the action on the registry.</summary>
    public bool Reach(RegistryAction action) => Scopes?.Include(action) ?? true;

    /// <summary>Whether the caller may do this to the repository.</summary>
    public bool IsAllowed(RepositoryName repository, RepositoryAction action) => Reach(repository, action) && Permissions.IsAllowed(repository, action);

    /// <summary>Whether the caller may pull what is quarantined, as far as it may pull: that is a right of the principal, which no scope asks for.</summary>
    public bool MayReadQuarantined => Permissions.MayUse(RegistryAction.QuarantineRead);

    /// <summary>Whether the caller may say of what a repository holds whether it is quarantined, with a credential that reaches pushes to it or its metadata.</summary>
    public bool MayQuarantineIn(RepositoryName repository) =>
        Permissions.MayUse(RegistryAction.QuarantineWrite) && (Scopes is null || Scopes.Include(repository, RepositoryAction.ContentWrite) || Scopes.Include(repository, RepositoryAction.MetadataWrite));

    /// <summary>Whether the caller may do this to the registry as a whole.</summary>
    public bool MayUse(RegistryAction action) => Reach(action) && Permissions.MayUse(action);
}
