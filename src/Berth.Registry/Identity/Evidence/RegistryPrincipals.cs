using System.Runtime.CompilerServices;
using Berth.Metadata;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// Lists who has any right in a registry, each once, disabled ones too: the owner and whoever has a role there or above, also through groups, by object id; then the
/// admin user and the registry's tokens. Nobody else is looked at, so that neither a page nor its key tells who else there is.
/// </summary>
internal sealed class RegistryPrincipals(IInstallation installation, IRoles roles, IPrincipals principals, IRegistryTokens tokens)
{
    private const int RowsAtOnce = 500;
    private const string OfPeople = "0/";
    private const string OfAccounts = "1/";

    /// <summary>A page, and the key that the next one goes on after; null when there is none.</summary>
    /// <exception cref="FormatException">The key is none that a page gave.</exception>
    public async ValueTask<(IReadOnlyList<PrincipalRecord> Items, string? Next)> ListAsync(
        RegistryRecord registry, string? after, int limit, CancellationToken cancellationToken)
    {
        if (after?.StartsWith(OfAccounts, StringComparison.Ordinal) == true)
            return await ListAccountsAsync(registry, after[OfAccounts.Length..], limit, cancellationToken);
        if (after?.StartsWith(OfPeople, StringComparison.Ordinal) == false) throw new FormatException("The key of the page is not one that a page gave.");

        var (people, more) = await ListPeopleAsync(registry, after?[OfPeople.Length..] ?? "", limit, cancellationToken);
        if (more) return (people, OfPeople + people[^1].ObjectId);
        if (people.Count == limit) return (people, OfAccounts);
        var (accounts, next) = await ListAccountsAsync(registry, "", limit - people.Count, cancellationToken);
        return ([.. people, .. accounts], next);
    }

    // Each page looks at all of them: they come by many ways, and only their ids have one order.
    private async ValueTask<(IReadOnlyList<PrincipalRecord> Items, bool More)> ListPeopleAsync(
        RegistryRecord registry, string after, int limit, CancellationToken cancellationToken)
    {
        var first = new SortedDictionary<string, PrincipalRecord>(StringComparer.Ordinal);
        var more = false;
        await foreach (var principal in EverybodyAsync(registry, cancellationToken))
        {
            if (string.CompareOrdinal(principal.ObjectId, after) <= 0 || !first.TryAdd(principal.ObjectId, principal) || first.Count <= limit) continue;
            first.Remove(first.Keys.Last());
            more = true;
        }

        return ([.. first.Values], more);
    }

    private async ValueTask<(IReadOnlyList<PrincipalRecord> Items, string? Next)> ListAccountsAsync(
        RegistryRecord registry, string after, int limit, CancellationToken cancellationToken)
    {
        var found = new List<PrincipalRecord>();
        if (after.Length == 0 && await installation.FindPrincipalAsync(AdminUser.RowNameOf(registry), cancellationToken) is { } admin) found.Add(admin);
        var page = await tokens.ListTokensAsync(registry.Id, after.Length == 0 ? null : after, limit, cancellationToken);
        found.AddRange(page.Items.Select(token => token.Principal));
        return (found, page.More ? OfAccounts + page.Last : null);
    }

    private async IAsyncEnumerable<PrincipalRecord> EverybodyAsync(RegistryRecord registry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await installation.FindPrincipalAsync(OwnerAccount.Name, cancellationToken) is { } owner) yield return owner;
        var groups = new HashSet<long>();
        string? after = null;
        do
        {
            var page = await roles.ListRoleAssignmentsAsync(registry.Scope, ScopeReach.AtOrAbove, after, RowsAtOnce, cancellationToken);
            foreach (var row in page.Items)
            {
                if (groups.Contains(row.PrincipalId) || await principals.FindPrincipalByIdAsync(row.PrincipalId, cancellationToken) is not { } assigned) continue;
                if (assigned.Kind != PrincipalKind.Group) yield return assigned;
                else await foreach (var member in MembersAsync(assigned.Id, groups, cancellationToken)) yield return member;
            }

            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    // Groups are nobody who signs in: their members are, nearest first.
    private async IAsyncEnumerable<PrincipalRecord> MembersAsync(long group, HashSet<long> seen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!seen.Add(group)) yield break;
        var groups = new Queue<(long Id, int Depth)>([(group, 1)]);
        while (groups.TryDequeue(out var next))
        {
            string? after = null;
            do
            {
                var page = await principals.ListMembersAsync(next.Id, after, RowsAtOnce, cancellationToken);
                foreach (var member in page.Items)
                {
                    if (member.Kind != PrincipalKind.Group) yield return member;
                    else if (next.Depth < IPrincipals.DeepestGroup && seen.Add(member.Id)) groups.Enqueue((member.Id, next.Depth + 1));
                }

                after = page.More ? page.Last : null;
            }
            while (after is not null);
        }
    }
}
