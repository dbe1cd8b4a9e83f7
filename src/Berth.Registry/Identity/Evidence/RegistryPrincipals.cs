using System.Runtime.CompilerServices;
using Berth.Metadata;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Lists who has any right in a registry, each once: the owner, whoever has a role there or above, also through groups, tokens and the admin user.</summary>
internal sealed class RegistryPrincipals(IInstallation installation, IRoles roles, IPrincipals principals, IRegistryTokens tokens)
{
    private const int PageSize = 500;

    /// <summary>All of them, disabled ones too.</summary>
    public async IAsyncEnumerable<PrincipalRecord> ListAsync(RegistryRecord registry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<long>();
        if (await installation.FindPrincipalAsync(OwnerAccount.Name, cancellationToken) is { } owner && seen.Add(owner.Id)) yield return owner;
        await foreach (var row in AssignedAsync(registry, cancellationToken))
        {
            if (seen.Contains(row) || await principals.FindPrincipalByIdAsync(row, cancellationToken) is not { } assigned) continue;
            await foreach (var principal in WithMembersAsync(assigned, seen, cancellationToken)) yield return principal;
        }

        if (await installation.FindPrincipalAsync(AdminUser.RowNameOf(registry), cancellationToken) is { } admin && seen.Add(admin.Id)) yield return admin;
        string? after = null;
        do
        {
            var page = await tokens.ListTokensAsync(registry.Id, after, PageSize, cancellationToken);
            foreach (var token in page.Items) yield return token.Principal;
            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    private async IAsyncEnumerable<long> AssignedAsync(RegistryRecord registry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            var page = await roles.ListRoleAssignmentsAsync(registry.Scope, ScopeReach.AtOrAbove, after, PageSize, cancellationToken);
            foreach (var row in page.Items) yield return row.PrincipalId;
            after = page.More ? page.Last : null;
        }
        while (after is not null);
    }

    // Groups are nobody who signs in: their members are, nearest first.
    private async IAsyncEnumerable<PrincipalRecord> WithMembersAsync(
        PrincipalRecord assigned, HashSet<long> seen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!seen.Add(assigned.Id)) yield break;
        if (assigned.Kind != PrincipalKind.Group)
        {
            yield return assigned;
            yield break;
        }

        var groups = new Queue<(long Id, int Depth)>([(assigned.Id, 1)]);
        while (groups.TryDequeue(out var group))
        {
            string? after = null;
            do
            {
                var page = await principals.ListMembersAsync(group.Id, after, PageSize, cancellationToken);
                foreach (var member in page.Items.Where(member => seen.Add(member.Id)))
                {
                    if (member.Kind != PrincipalKind.Group) yield return member;
                    else if (group.Depth < IPrincipals.DeepestGroup) groups.Enqueue((member.Id, group.Depth + 1));
                }

                after = page.More ? page.Last : null;
            }
            while (after is not null);
        }
    }
}
