using System.Collections.Concurrent;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>
/// The one place that decides what a principal may do: in a registry by its role assignments, its scope map or its admin account, and on the control
/// plane by its role assignments.
/// </summary>
public sealed class Authorizer(IPrincipals principals, IRoles roles, IRegistryTokens tokens, IRegistries registries)
{
    private const int MaxKnown = 20_000;
    private const int ForgottenAtOnce = MaxKnown / 8;
    private const string WholeRegistry = "";

    // What was worked out holds for as long as neither epoch moves: every change of assignments, groups, roles, scope maps and settings moves one.
    private readonly ConcurrentDictionary<(long Principal, long Registry), Known> _known = new();

    // From what anybody may pull, as of which of the registry's epochs: a repository, or with an empty name the whole registry. Every change of that moves the epoch, too.
    private readonly ConcurrentDictionary<(long Registry, string Repository), long> _open = new();

    /// <summary>What the principal may do in the registry, as of the epochs that were read for this request, or that its change compares.</summary>
    public async ValueTask<RegistryPermissions> FindPermissionsAsync(SignedIn signedIn, RegistryRecord registry, CancellationToken cancellationToken)
    {
        var principal = signedIn.Principal;
        if (principal.Id == 0) return RegistryPermissions.None;

        if (_known.TryGetValue((principal.Id, registry.Id), out var known) && known.Principal == principal.Epoch && known.Registry == signedIn.RegistryEpoch)
            return known.Permissions;

        var permissions = await WorkOutAsync(principal, registry.Id, cancellationToken);
        Remember(_known, (principal.Id, registry.Id), new Known(principal.Epoch, signedIn.RegistryEpoch, permissions));
        return permissions;
    }

    /// <summary>
    /// Whether somebody is expected to be let have what is read, by what is known before any epoch is read: what the token was issued for, and what was
    /// worked out last. It gives no right; it decides what may be read in one look with the epochs.
    /// </summary>
    internal bool Expects(Principal principal, RegistryScopes? scopes, long registryId, IEpochReading reading)
    {
        if (scopes?.Include(reading.Repository, reading.Action) == false) return false;
        if (principal.Id != 0)
        {
            var known = _known.GetValueOrDefault((principal.Id, registryId));
            if (known is null || known.Principal < principal.Epoch)
            {
                // What a token was issued for was permitted then.
                if (scopes is not null) return true;
            }
            else
            {
                if (known.IsOver || known.Principal > principal.Epoch) return false;
                if (known.Permissions.IsAllowed(reading.Repository, reading.Action)) return true;
            }
        }

        return IsOfAnybody(reading.Action) && (_open.ContainsKey((registryId, reading.Repository.Value)) || _open.ContainsKey((registryId, WholeRegistry)));
    }

    /// <summary>The epochs as of which the caller is known to be allowed what the request does; null where that is not known. They give no right: the change compares them.</summary>
    internal SecurityEpochs? FindKnown(Principal principal, RegistryScopes? scopes, long registryId, IEpochReading reading)
    {
        if (principal.Id == 0 || scopes?.Include(reading.Repository, reading.Action) == false) return null;
        var known = _known.GetValueOrDefault((principal.Id, registryId));
        if (known is null || known.IsOver || known.Principal != principal.Epoch || !known.Permissions.IsAllowed(reading.Repository, reading.Action)) return null;
        return new SecurityEpochs(known.Principal, known.Registry);
    }

    /// <summary>The principal's epoch has moved on: epochs only grow, so that nobody who comes with this one is expected to be let do anything.</summary>
    internal void ExpectNoMore(Principal principal, long registryId)
    {
        if (_known.TryGetValue((principal.Id, registryId), out var known) && known.Principal > principal.Epoch) return;
        Remember(_known, (principal.Id, registryId), new Known(principal.Epoch, 0, RegistryPermissions.None));
    }

    /// <summary>What the caller may do in the registry, with what anybody may do to the repository where that is what is asked about.</summary>
    public async ValueTask<CallerRights> FindRightsAsync(
        SignedIn signedIn, RegistryRecord registry, RepositoryName repository, RepositoryAction? action, CancellationToken cancellationToken)
    {
        var permissions = await FindPermissionsAsync(signedIn, registry, cancellationToken);
        if (IsOfAnybody(action) && !permissions.IsAllowed(repository, action!.Value)
            && (IsOpenAt(signedIn.RegistryEpoch, registry.Id, repository) || await MayAnybodyPullAsync(registry, repository, cancellationToken)))
        {
            permissions = RegistryPermissions.Union(permissions, RegistryPermissions.FromAnonymousPull(NameSet.Of(repository)));
        }

        return new CallerRights(permissions, signedIn.Scopes);
    }

    /// <summary>Whether an action is among those that a registry or a repository may let anybody do.</summary>
    public static bool IsOfAnybody(RepositoryAction? action) => action is RepositoryAction.ContentRead or RepositoryAction.MetadataRead;

    /// <summary>Whether somebody without credentials may pull from the repository: what anybody may, whoever is signed in may, too.</summary>
    public async ValueTask<bool> MayAnybodyPullAsync(RegistryRecord registry, RepositoryName repository, CancellationToken cancellationToken) =>
        await FindOpenEpochAsync(registry, repository, cancellationToken) != 0;

    /// <summary>The registry's epoch as of which somebody without credentials may pull from the repository; 0 where they may not.</summary>
    internal async ValueTask<long> FindOpenEpochAsync(RegistryRecord registry, RepositoryName repository, CancellationToken cancellationToken)
    {
        var access = await registries.ReadAnonymousAccessAsync(registry.Id, repository, cancellationToken);
        var isThere = access.Epoch != 0;
        Set(WholeRegistry, isThere && access.Registry);
        Set(repository.Value, isThere && access.Repository);
        return isThere && (access.Registry || access.Repository) ? access.Epoch : 0;

        void Set(string name, bool isOpen)
        {
            if (isOpen) Remember(_open, (registry.Id, name), access.Epoch);
            else _open.TryRemove((registry.Id, name), out _);
        }
    }

    /// <summary>Whether it is known that somebody without credentials may pull from the repository as of this epoch of its registry.</summary>
    internal bool IsOpenAt(long registryEpoch, long registryId, RepositoryName repository) =>
        IsAt(registryEpoch, (registryId, WholeRegistry)) || IsAt(registryEpoch, (registryId, repository.Value));

    /// <summary>What the principal may do on the control plane at each of the scopes and what holds them.</summary>
    public async ValueTask<ControlRights> FindControlRightsAsync(Principal principal, IReadOnlyCollection<ResourceScope> scopes, CancellationToken cancellationToken)
    {
        if (principal.Name == OwnerAccount.Name) return ControlRights.OfOwner;
        var all = scopes.SelectMany(scope => scope.SelfAndAbove()).ToHashSet();
        return new ControlRights(await FindAssignmentsAsync(principal.Id, all, cancellationToken));
    }

    /// <summary>Whether the principal, or a group that it is in, has any role anywhere; it may then see that there is a subscription.</summary>
    public async ValueTask<bool> HasAnyRoleAsync(Principal principal, CancellationToken cancellationToken)
    {
        if (principal.Name == OwnerAccount.Name) return true;
        foreach (var id in await SelfAndGroupsAsync(principal.Id, cancellationToken))
        {
            if ((await roles.ListRoleAssignmentsOfAsync(id, null, 1, cancellationToken)).Items.Count > 0) return true;
        }

        return false;
    }

    private async ValueTask<RegistryPermissions> WorkOutAsync(Principal principal, long registryId, CancellationToken cancellationToken)
    {
        // Read anew: what the resolver remembers may be older than the epochs.
        var registry = await registries.FindRegistryByIdAsync(registryId, cancellationToken);
        var record = await principals.FindPrincipalByIdAsync(principal.Id, cancellationToken);
        if (registry is null || record is not { Enabled: true }) return RegistryPermissions.None;

        switch (record.Kind)
        {
            case PrincipalKind.RegistryToken:
                return record.RegistryId == registry.Id ? await OfTokenAsync(record, registry, cancellationToken) : RegistryPermissions.None;
            case PrincipalKind.AdminUser:
                return record.RegistryId == registry.Id && registry.AdminUserEnabled ? RegistryPermissions.Admin : RegistryPermissions.None;
            case PrincipalKind.Group:
                return RegistryPermissions.None;
            default:
                var assignments = await FindAssignmentsAsync(record.Id, registry.Scope.SelfAndAbove(), cancellationToken);
                var given = RegistryPermissions.FromAssignments(assignments.Select(a => a.Assignment), registry.RoleAssignmentMode);
                return record.Name == OwnerAccount.Name ? RegistryPermissions.Union(RegistryPermissions.Owner, given) : given;
        }
    }

    private async ValueTask<RegistryPermissions> OfTokenAsync(PrincipalRecord record, RegistryRecord registry, CancellationToken cancellationToken)
    {
        var name = record.Name[(record.Name.IndexOf('/', StringComparison.Ordinal) + 1)..];
        if (await tokens.FindTokenAsync(registry.Id, name, cancellationToken) is not { } grant || grant.Token.Principal.Id != record.Id) return RegistryPermissions.None;
        return ScopeMap.TryParse(grant.Token.ScopeMap, "", grant.Actions, out var map, out _) ? RegistryPermissions.FromScopeMap(map) : RegistryPermissions.None;
    }

    private async ValueTask<IReadOnlyList<(ResourceScope Scope, RoleAssignment Assignment)>> FindAssignmentsAsync(
        long principalId, IReadOnlyCollection<ResourceScope> scopes, CancellationToken cancellationToken)
    {
        var granted = await roles.FindGrantedRolesAsync(await SelfAndGroupsAsync(principalId, cancellationToken), scopes, cancellationToken);
        var assignments = new List<(ResourceScope, RoleAssignment)>(granted.Count);
        foreach (var role in granted)
        {
            if (RoleRows.Read(role) is { } assignment) assignments.Add((role.Assignment.Scope, assignment));
        }

        return assignments;
    }

    private async ValueTask<IReadOnlyList<long>> SelfAndGroupsAsync(long principalId, CancellationToken cancellationToken) =>
        [principalId, .. (await principals.ListGroupsAsync(principalId, cancellationToken)).Select(group => group.Id)];

    private bool IsAt(long registryEpoch, (long Registry, string Repository) key) => _open.TryGetValue(key, out var epoch) && epoch == registryEpoch;

    private static void Remember<TKey, T>(ConcurrentDictionary<TKey, T> known, TKey key, T value)
        where TKey : notnull
    {
        if (known.Count >= MaxKnown)
        {
            foreach (var one in known.Keys.Take(ForgottenAtOnce)) known.TryRemove(one, out _);
        }

        known[key] = value;
    }

    private sealed record Known(long Principal, long Registry, RegistryPermissions Permissions)
    {
        /// <summary>Whether the principal's epoch has moved on from this one.</summary>
        public bool IsOver => Registry == 0;
    }
}
