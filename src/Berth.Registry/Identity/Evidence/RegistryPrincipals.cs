using Berth.Metadata;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// Lists who has any right in a registry, each once, disabled ones too: people and programs with a role there or above, also through groups, the owner, the
/// admin user, and the registry's tokens.
/// </summary>
internal sealed class RegistryPrincipals(IInstallation installation, IPrincipals principals, IRegistryTokens tokens, NamedPrincipals people)
{
    private const char Separator = '/';

    // Groups are nobody who signs in. The registry's own accounts come behind these, as the last stretch of the list.
    private static readonly PrincipalKind[] Kinds = [PrincipalKind.User, PrincipalKind.ServicePrincipal, PrincipalKind.ManagedIdentity];

    /// <summary>
    /// A page, and the key that the next one goes on after; null when there is none. So many principals are looked at as the page may hold; those without a
    /// right are left out of it.
    /// </summary>
    /// <exception cref="FormatException">The key is none that a page gave.</exception>
    public async ValueTask<(IReadOnlyList<PrincipalRecord> Items, string? Next)> ListAsync(
        RegistryRecord registry, string? after, int limit, CancellationToken cancellationToken)
    {
        var (stretch, name) = Read(after);
        var found = new List<PrincipalRecord>();
        for (; limit > 0; (stretch, name) = (stretch + 1, null))
        {
            var (looked, last) = stretch < Kinds.Length
                ? await AddKindAsync(found, registry, Kinds[stretch], name, limit, cancellationToken)
                : await AddAccountsAsync(found, registry, name, limit, cancellationToken);
            if (last is not null) return (found, $"{stretch}{Separator}{last}");
            if (stretch == Kinds.Length) return (found, null);
            limit -= looked;
        }

        return (found, $"{stretch}{Separator}");
    }

    private async ValueTask<(int Looked, string? Last)> AddKindAsync(
        List<PrincipalRecord> found, RegistryRecord registry, PrincipalKind kind, string? after, int limit, CancellationToken cancellationToken)
    {
        var page = await principals.ListPrincipalsAsync(kind, after, limit, cancellationToken);
        foreach (var principal in page.Items)
        {
            if (await people.HasRightAsync(principal, registry, cancellationToken)) found.Add(principal);
        }

        return (page.Items.Count, page.More ? page.Last : null);
    }

    private async ValueTask<(int Looked, string? Last)> AddAccountsAsync(
        List<PrincipalRecord> found, RegistryRecord registry, string? after, int limit, CancellationToken cancellationToken)
    {
        if (after is null && await installation.FindPrincipalAsync(AdminUser.RowNameOf(registry), cancellationToken) is { } admin) found.Add(admin);
        var page = await tokens.ListTokensAsync(registry.Id, after, limit, cancellationToken);
        found.AddRange(page.Items.Select(token => token.Principal));
        return (page.Items.Count, page.More ? page.Last : null);
    }

    private static (int Stretch, string? Name) Read(string? after)
    {
        if (after is null) return (0, null);
        if (after is not [>= '0' and <= '9', Separator, ..] || after[0] - '0' > Kinds.Length) throw new FormatException("The key of the page is not one that a page gave.");
        return (after[0] - '0', after.Length > 2 ? after[2..] : null);
    }
}
