using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Answers what a principal may do in which of a registry's repositories, and by which way. Only repositories that it has a right in are read.</summary>
internal sealed class PrincipalReport(
    IPrincipals principals, IRoles roles, IRegistryTokens tokens, IRepositories repositories)
{
    private const int RepositoriesAtOnce = 200;

    /// <summary>What an entry has in place of a repository that stands for every one, also those that do not stand yet.</summary>
    private const string EveryRepository = "*";

    // There is no list of them to be read in bounded time, and a report that left them out without a word would seem to be whole.
    private const string SingleRepositories = "anonymous pull of single repositories is not listed here: ask for the report of the repository";

    private static readonly AccessReportEntry Anybody = new("", "", "anybody", "Anonymous", [], "", [], null, null, null, null);

    /// <summary>A page by repository, after the given one; with null for a principal without any right, what anybody may do.</summary>
    public async Task<(IReadOnlyList<AccessReportEntry> Entries, string? Next)> OfPrincipalAsync(
        RegistryRecord registry, PrincipalRecord? principal, string? after, CancellationToken cancellationToken)
    {
        if (principal is { Enabled: false }) return ([], null);
        var ways = await FindWaysAsync(registry, principal, cancellationToken);
        var entries = new List<AccessReportEntry>();
        if (after is null)
        {
            foreach (var way in ways) Add(entries, way, EveryRepository, action => way.Given.Repositories(action).IsAll);
            if (!registry.AnonymousPullEnabled) entries.Add(Anybody with { Way = SingleRepositories });
        }

        var reached = NameSet.Union(ways.SelectMany(way => Enum.GetValues<RepositoryAction>().Select(way.Given.Repositories)));
        if (reached.IsEmpty) return (entries, null);
        var page = await repositories.ListEveryRepositoryAsync(registry.Id, reached.Ranges, after, RepositoriesAtOnce, cancellationToken);
        foreach (var name in page.Items)
        {
            var repository = RepositoryName.Parse(name);
            foreach (var way in ways) Add(entries, way, name, action => way.Given.IsAllowed(repository, action));
        }

        return (entries, page.More ? page.Last : null);
    }

    private static void Add(List<AccessReportEntry> entries, Way way, string repository, Func<RepositoryAction, bool> isGiven)
    {
        var actions = Enum.GetValues<RepositoryAction>().Where(isGiven).ToList();
        if (actions.Count > 0) entries.Add(way.Entry with { Repository = repository, Actions = actions });
    }

    private async ValueTask<List<Way>> FindWaysAsync(RegistryRecord registry, PrincipalRecord? principal, CancellationToken cancellationToken)
    {
        var ways = new List<Way>();
        var plain = principal is null ? Anybody : new AccessReportEntry(
            principal.ObjectId, principal.ClientId ?? principal.Name, principal.DisplayName, principal.Kind.ToString(), [], "", [], null, null, null, null);
        switch (principal?.Kind)
        {
            case PrincipalKind.RegistryToken when await OfTokenAsync(registry, principal, cancellationToken) is var (map, given):
                ways.Add(new Way(plain with { Way = $"scope map {map}" }, given));
                break;
            case PrincipalKind.AdminUser when principal.RegistryId == registry.Id && registry.AdminUserEnabled:
                ways.Add(new Way(plain with { Way = "admin user" }, RegistryPermissions.Admin));
                break;
            case PrincipalKind.User or PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity or PrincipalKind.Group:
                if (principal.Name == OwnerAccount.Name) ways.Add(new Way(plain with { Way = "owner account" }, RegistryPermissions.Owner));
                await AddAssignmentsAsync(ways, plain, registry, principal, cancellationToken);
                break;
        }

        if (registry.AnonymousPullEnabled) ways.Add(new Way(plain with { Way = "anonymous pull of the registry" }, RegistryPermissions.FromAnonymousPull(NameSet.All)));
        return ways;
    }

    private async Task AddAssignmentsAsync(
        List<Way> ways, AccessReportEntry plain, RegistryRecord registry, PrincipalRecord principal, CancellationToken cancellationToken)
    {
        var groups = (await principals.ListGroupsAsync(principal.Id, cancellationToken)).ToDictionary(group => group.Id);
        foreach (var granted in await roles.FindGrantedRolesAsync([principal.Id, .. groups.Keys], registry.Scope.SelfAndAbove(), cancellationToken))
        {
            if (RoleRows.Read(granted) is not { } assignment) continue;
            var path = new List<string>();
            for (var at = granted.Assignment.PrincipalId; groups.TryGetValue(at, out var group); at = group.Through)
                path.Add((await principals.FindPrincipalByIdAsync(at, cancellationToken))?.DisplayName ?? group.Name);
            var entry = plain with
            {
                Way = "role assignment",
                Groups = path,
                AssignmentId = granted.Assignment.Id,
                Role = assignment.Role.Name,
                Scope = granted.Assignment.Scope.Value,
                Condition = granted.Assignment.Condition,
            };
            ways.Add(new Way(entry, RegistryPermissions.FromAssignments([assignment], registry.RoleAssignmentMode)));
        }
    }

    private async ValueTask<(string Map, RegistryPermissions Given)?> OfTokenAsync(RegistryRecord registry, PrincipalRecord principal, CancellationToken cancellationToken)
    {
        var name = principal.Name[(principal.Name.IndexOf('/', StringComparison.Ordinal) + 1)..];
        if (principal.RegistryId != registry.Id || await tokens.FindTokenAsync(registry.Id, name, cancellationToken) is not { } grant) return null;
        return ScopeMap.TryParse(grant.Token.ScopeMap, "", grant.Actions, out var map, out _) ? (map.Name, RegistryPermissions.FromScopeMap(map)) : null;
    }

    private sealed record Way(AccessReportEntry Entry, RegistryPermissions Given);
}
