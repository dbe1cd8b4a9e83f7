using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Finds principals by what an auditor calls them, and says what people call them.</summary>
internal sealed class NamedPrincipals(IInstallation installation, IPrincipals principals)
{
    /// <summary>The principal that the question names with <c>principal</c>. Another registry's tokens are not this one's auditor's to know of.</summary>
    /// <exception cref="OciException">There is none.</exception>
    public async ValueTask<PrincipalRecord> GetAsync(HttpContext context, RegistryRecord registry)
    {
        var who = context.Request.Query["principal"].ToString();
        var found = await FindAsync(who, context.RequestAborted);
        return (found?.RegistryId is { } owner && owner != registry.Id ? null : found)
            ?? throw new OciException(
                OciErrorCode.NameUnknown, $"There is no principal '{(who.Length <= 100 ? who : who[..100])}': give a user name, a client id or an object id.");
    }

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
}
