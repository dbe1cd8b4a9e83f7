namespace Berth.Metadata;

/// <summary>Who there is: users, groups, service principals, managed identities, registries' tokens and admin users.</summary>
public interface IPrincipals
{
    /// <summary>A group that is this many groups away from a principal gives it nothing.</summary>
    const int DeepestGroup = 16;

    /// <summary>A principal by row, or null.</summary>
    ValueTask<PrincipalRecord?> FindPrincipalByIdAsync(long id, CancellationToken cancellationToken);

    /// <summary>A principal by its GUID, or null.</summary>
    ValueTask<PrincipalRecord?> FindPrincipalByObjectIdAsync(string objectId, CancellationToken cancellationToken);

    /// <summary>A principal by the GUID it signs in with, or null.</summary>
    ValueTask<PrincipalRecord?> FindPrincipalByClientIdAsync(string clientId, CancellationToken cancellationToken);

    /// <summary>Makes a principal whose name, object id and client id nobody has. A registry's token is made by <see cref="IRegistryTokens"/>.</summary>
    /// <exception cref="ArgumentException">It is a registry's token.</exception>
    Task<CreateResult<PrincipalRecord>> CreatePrincipalAsync(NewPrincipal principal, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a principal; null when it is absent. A new password or another state raises its epoch; another state of a group raises that of every
    /// registry.
    /// </summary>
    Task<PrincipalRecord?> UpdatePrincipalAsync(long id, PrincipalChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a principal with its credentials, memberships and role assignments; its epoch is 0 from then on. A group's deletion raises the epoch of
    /// every registry. False when it is absent.
    /// </summary>
    Task<bool> DeletePrincipalAsync(long id, Caller caller, CancellationToken cancellationToken);

    /// <summary>Principals of a kind by name, after the given one.</summary>
    ValueTask<Page<PrincipalRecord>> ListPrincipalsAsync(PrincipalKind kind, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Puts a principal into a group; raises the epoch of every registry.</summary>
    Task<AddMemberOutcome> AddMemberAsync(long groupId, long memberId, Caller caller, CancellationToken cancellationToken);

    /// <summary>Takes a principal out of a group; raises the epoch of every registry. False when it was not in it.</summary>
    Task<bool> RemoveMemberAsync(long groupId, long memberId, Caller caller, CancellationToken cancellationToken);

    /// <summary>Direct members of a group by row, after the given key.</summary>
    ValueTask<Page<PrincipalRecord>> ListMembersAsync(long groupId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Every enabled group that the principal is in, by others too, the nearest first; each once, whatever circles there are. Groups more than
    /// <see cref="DeepestGroup"/> steps away are left out.
    /// </summary>
    ValueTask<IReadOnlyList<GroupOfPrincipal>> ListGroupsAsync(long principalId, CancellationToken cancellationToken);

    /// <summary>Makes a managed identity: the principal and the resource.</summary>
    Task<CreateResult<ManagedIdentityRecord>> CreateManagedIdentityAsync(NewManagedIdentity identity, Caller caller, CancellationToken cancellationToken);

    /// <summary>A managed identity by the scope that it is, or null.</summary>
    ValueTask<ManagedIdentityRecord?> FindManagedIdentityAsync(ResourceScope scope, CancellationToken cancellationToken);

    /// <summary>Sets the tags of a managed identity's resource, or leaves them where they are null; null when it is absent. It stays where it is, and is deleted as the principal it is.</summary>
    Task<ManagedIdentityRecord?> UpdateManagedIdentityAsync(ResourceScope scope, string? tags, Caller caller, CancellationToken cancellationToken);

    /// <summary>Managed identities below a subscription or a resource group, in the order of their scopes, after the given one.</summary>
    ValueTask<Page<ManagedIdentityRecord>> ListManagedIdentitiesAsync(ResourceScope scope, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>How a creation ended.</summary>
/// <param name="Outcome">Whether it stands.</param>
/// <param name="Record">What was made, or what stands in its way; null when something it needs is absent.</param>
public readonly record struct CreateResult<T>(CreateOutcome Outcome, T? Record)
    where T : class;

/// <summary>The ways a creation ends.</summary>
public enum CreateOutcome
{
    /// <summary>It was made.</summary>
    Created,

    /// <summary>It stood and was changed to what was asked for, or was that already.</summary>
    Updated,

    /// <summary>Something else has its name, its id or its meaning.</summary>
    Exists,

    /// <summary>Something that it needs is absent: the principal, the registry, the resource group or the scope map.</summary>
    Unknown,

    /// <summary>What it is used for already stands in its way.</summary>
    Held,

    /// <summary>There are as many as there may be.</summary>
    TooMany,

    /// <summary>It was changed so often of late that it is not changed now.</summary>
    TooSoon,
}

/// <summary>The ways of putting a principal into a group end.</summary>
public enum AddMemberOutcome
{
    /// <summary>It is in the group now.</summary>
    Added,

    /// <summary>It was in it.</summary>
    Present,

    /// <summary>The group or the principal is absent, or the group is none.</summary>
    Unknown,
}
