using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Answers who may do what with a repository, and by which way they have come to it.</summary>
internal sealed class AccessReport(IInstallation installation, IRoles roles, IPrincipals principals, IRegistryTokens tokens, IRegistries registries)
{
    /// <summary>The most entries of a report; it says when there are more.</summary>
    public const int MaxEntries = 10_000;

    private const int PageSize = 500;

    /// <summary>Everybody who may do something with the repository: by roles, through groups, as a token, as the admin user, as the owner, as anybody.</summary>
    public async Task<(IReadOnlyList<AccessReportEntry> Entries, bool IsCut)> OfRepositoryAsync(
        RegistryRecord registry, RepositoryName repository, CancellationToken cancellationToken)
    {
        var entries = new List<AccessReportEntry>();
        if (await installation.FindPrincipalAsync(OwnerAccount.Name, cancellationToken) is { Enabled: true } owner)
            Add(entries, owner, RegistryPermissions.OfEverything("owner account"), repository, "owner account");
        if (registry.AdminUserEnabled && await installation.FindPrincipalAsync(AdminUser.RowNameOf(registry), cancellationToken) is { } admin)
            Add(entries, admin, RegistryPermissions.Admin, repository, "admin user");

        // Before those of whom there may be more than fit: a report that is cut must not hide that everybody may.
        var open = await registries.ReadAnonymousAccessAsync(registry.Id, repository, cancellationToken);
        if (open.Registry || open.Repository)
        {
            var way = open.Registry ? "anonymous pull of the registry" : "anonymous pull of the repository";
            entries.Add(new AccessReportEntry("", "", "anybody", "Anonymous", ActionsOn(RegistryPermissions.FromAnonymousPull(NameSet.Of(repository)), repository), way, [], null, null, null, null));
        }

        await AddAssignmentsAsync(entries, registry, repository, cancellationToken);
        await AddTokensAsync(entries, registry, repository, cancellationToken);
        return ([.. entries.Take(MaxEntries).Select(entry => entry with { Repository = repository.Value })], entries.Count > MaxEntries);
    }

    private async Task AddAssignmentsAsync(
        List<AccessReportEntry> entries, RegistryRecord registry, RepositoryName repository, CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            var page = await roles.ListRoleAssignmentsAsync(registry.Scope, ScopeReach.AtOrAbove, after, PageSize, cancellationToken);
            foreach (var row in page.Items)
            {
                var custom = await roles.FindRoleDefinitionAsync(row.RoleDefinitionId, cancellationToken);
                if (RoleRows.Read(new GrantedRole(row, custom?.Permissions) { RoleName = custom?.Name }) is not { } assignment) continue;
                if (ActionsOn(RegistryPermissions.FromAssignments([assignment], registry.RoleAssignmentMode), repository) is not { Count: > 0 } actions) continue;
                if (await principals.FindPrincipalByIdAsync(row.PrincipalId, cancellationToken) is not { Enabled: true } principal) continue;

                var entry = new AccessReportEntry(
                    principal.ObjectId, principal.ClientId ?? principal.Name, principal.DisplayName, principal.Kind.ToString(), actions, "role assignment", [],
                    row.Id, assignment.Role.Name, row.Scope.Value, row.Condition);
                await AddWithMembersAsync(entries, entry, principal, [], [principal.Id], cancellationToken);
                if (entries.Count > MaxEntries) return;
            }

            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    // A group is nobody who signs in: its members are named, each with the groups on the way.
    private async Task AddWithMembersAsync(
        List<AccessReportEntry> entries, AccessReportEntry entry, PrincipalRecord principal, IReadOnlyList<string> groups, HashSet<long> seen,
        CancellationToken cancellationToken)
    {
        if (principal.Kind != PrincipalKind.Group)
        {
            entries.Add(entry with
            {
                ObjectId = principal.ObjectId,
                Name = principal.ClientId ?? principal.Name,
                DisplayName = principal.DisplayName,
                Kind = principal.Kind.ToString(),
                Groups = groups,
            });
            return;
        }

        if (groups.Count >= IPrincipals.DeepestGroup) return;
        string? after = null;
        do
        {
            var page = await principals.ListMembersAsync(principal.Id, after, PageSize, cancellationToken);
            foreach (var member in page.Items)
            {
                if (!member.Enabled || !seen.Add(member.Id)) continue;
                await AddWithMembersAsync(entries, entry, member, [.. groups, principal.DisplayName], seen, cancellationToken);
                if (entries.Count > MaxEntries) return;
            }

            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    private async Task AddTokensAsync(List<AccessReportEntry> entries, RegistryRecord registry, RepositoryName repository, CancellationToken cancellationToken)
    {
        var maps = new Dictionary<string, RegistryPermissions>(StringComparer.Ordinal);
        string? after = null;
        do
        {
            var page = await tokens.ListTokensAsync(registry.Id, after, PageSize, cancellationToken);
            foreach (var token in page.Items.Where(token => token.Principal.Enabled))
            {
                if (!maps.TryGetValue(token.ScopeMap, out var given))
                {
                    var row = await tokens.FindScopeMapAsync(registry.Id, token.ScopeMap, cancellationToken);
                    given = row is not null && ScopeMap.TryParse(row.Name, row.Description, row.Actions, out var map, out _)
                        ? RegistryPermissions.FromScopeMap(map)
                        : RegistryPermissions.None;
                    maps[token.ScopeMap] = given;
                }

                Add(entries, token.Principal, given, repository, $"scope map {token.ScopeMap}");
                if (entries.Count > MaxEntries) return;
            }

            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    private static void Add(List<AccessReportEntry> entries, PrincipalRecord principal, RegistryPermissions given, RepositoryName repository, string way)
    {
        if (ActionsOn(given, repository) is { Count: > 0 } actions)
        {
            entries.Add(new AccessReportEntry(
                principal.ObjectId, principal.ClientId ?? principal.Name, principal.DisplayName, principal.Kind.ToString(), actions, way, [], null, null, null, null));
        }
    }

    private static IReadOnlyList<RepositoryAction> ActionsOn(RegistryPermissions permissions, RepositoryName repository) =>
        [.. Enum.GetValues<RepositoryAction>().Where(action => permissions.IsAllowed(repository, action))];
}

/// <summary>One way by which somebody may do something with a repository.</summary>
/// <param name="ObjectId">The principal's GUID; empty for anybody.</param>
/// <param name="Name">The name it signs in with.</param>
/// <param name="DisplayName">The name for people.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Actions">What it may do.</param>
/// <param name="Way">By what: a role assignment, a scope map, the admin user, the owner's account, anonymous pull.</param>
/// <param name="Groups">The groups between the assignment and the principal, the assignment's first.</param>
/// <param name="AssignmentId">The role assignment.</param>
/// <param name="Role">Its role.</param>
/// <param name="Scope">Where it is.</param>
/// <param name="Condition">What narrows it.</param>
internal sealed record AccessReportEntry(
    string ObjectId, string Name, string DisplayName, string Kind, IReadOnlyList<RepositoryAction> Actions, string Way, IReadOnlyList<string> Groups,
    string? AssignmentId, string? Role, string? Scope, string? Condition)
{
    /// <summary>The repository.</summary>
    public string Repository { get; init; } = "";
}
