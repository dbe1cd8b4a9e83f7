using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Finds principals by what an auditor calls them, and says what people call them.</summary>
internal sealed class NamedPrincipals(IInstallation installation, IPrincipals principals, IRoles roles)
{
    /// <summary>
    /// The principal that the question names with <c>principal</c>. One registry's auditor is not to know who else there is: null is somebody without any
    /// right there, whether there is such a principal or not. Another registry's tokens are nobody's to know of here.
    /// </summary>
    /// <exception cref="OciException">There is none, and the caller may know of everybody.</exception>
    public async ValueTask<PrincipalRecord?> FindAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
    {
        var found = await FindAsync(context.Request.Query["principal"].ToString(), context.RequestAborted);
        if (found?.RegistryId is { } owner && owner != registry.Id) found = null;
        if (knowsEverybody) return found ?? throw Unknown(context);
        return found is not null && await HasRightAsync(found, registry, context.RequestAborted) ? found : null;
    }

    /// <summary>What the question calls the principal, as far as an answer repeats it.</summary>
    public static string NameIn(HttpContext context) => ClientText.Shorten(context.Request.Query["principal"].ToString(), 100);

    /// <summary>The refusal of a name that is nobody's, or nobody's that the caller may know of.</summary>
    public static OciException Unknown(HttpContext context) =>
        new(OciErrorCode.NameUnknown, $"There is no principal '{NameIn(context)}': give a user name, a client id or an object id.");

    /// <summary>The principal of a user name, a client id or an object id, or null.</summary>
    public async ValueTask<PrincipalRecord?> FindAsync(string who, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(who, out var id)) return await installation.FindPrincipalAsync(who, cancellationToken);
        return await principals.FindPrincipalByObjectIdAsync(id.ToString(), cancellationToken)
            ?? await principals.FindPrincipalByClientIdAsync(id.ToString(), cancellationToken);
    }

    /// <summary>The display names of those that sign in with a GUID, which says nothing to people.</summary>
    public async Task<Dictionary<string, string>> DescribeAsync(IEnumerable<string> actors, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var actor in actors.Distinct().Where(actor => Guid.TryParse(actor, out _)))
        {
            if (await principals.FindPrincipalByClientIdAsync(actor, cancellationToken) is { } record) found[actor] = record.DisplayName;
        }

        return found;
    }

    /// <summary>Whether the principal has any right in the registry: as one of its own accounts, as the owner, or by a role, also through groups.</summary>
    public async ValueTask<bool> HasRightAsync(PrincipalRecord principal, RegistryRecord registry, CancellationToken cancellationToken)
    {
        if (principal.RegistryId == registry.Id || principal.Name == OwnerAccount.Name) return true;
        var groups = await principals.ListGroupsAsync(principal.Id, cancellationToken);
        return (await roles.FindGrantedRolesAsync([principal.Id, .. groups.Select(group => group.Id)], registry.Scope.SelfAndAbove(), cancellationToken)).Count > 0;
    }
}
