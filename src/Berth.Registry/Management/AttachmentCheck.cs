using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>
/// Says whether a caller may attach identities to a registry: what a registry does as an identity, whoever may change the registry does. So attaching one takes a
/// right at the identity, too.
/// </summary>
internal sealed class AttachmentCheck(IRegistries registries, IPrincipals principals, Authorizer authorizer)
{
    private const string Action = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

    // The name that Azure's list of operations has, which its role for this spells out.
    private const string ListedAction = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action";

    /// <summary>Refuses a change that attaches what there is not, or what the caller may not attach. One that is attached already may stay.</summary>
    /// <param name="request">The call.</param>
    /// <param name="standing">The registry as it stands; null for one that is to be made.</param>
    /// <param name="change">The change.</param>
    /// <exception cref="ManagementException">It is refused.</exception>
    public async Task CheckAsync(ManagementRequest request, RegistryRecord? standing, AttachmentChange? change)
    {
        if (change is null or { Replaces: true, Attach.Count: 0 }) return;
        var attached = standing is null
            ? []
            : (await registries.ListRegistryIdentitiesAsync(standing.Scope, standing.Scope, request.Aborted))
                .GetValueOrDefault(standing.Id, RegistryIdentities.None).Attached.Select(identity => identity.Scope).ToHashSet();
        if (change.Apply(attached).Count == 0) throw IdentityBody.Missing();

        var added = change.Attach.Where(scope => !attached.Contains(scope)).ToList();
        var rights = await authorizer.FindControlRightsAsync(request.Principal, added, request.Aborted);
        foreach (var scope in added)
        {
            if (!rights.May(scope, Action) && !rights.May(scope, ListedAction)) throw NotPermitted(request, scope);
            if (await principals.FindManagedIdentityAsync(scope, request.Aborted) is null)
            {
                throw ManagementException.Bad(
                    "FailedIdentityOperation", $"There is no managed identity '{ManagementException.Shorten(ScopeText.Write(scope))}'; make it first (az identity create).");
            }
        }
    }

    private static ManagementException NotPermitted(ManagementRequest request, ResourceScope scope) => new(
        403, "LinkedAuthorizationFailed",
        $"The client '{request.Principal.Name}' may change the registry, but does not have authorization to perform action '{Action}' over the linked scope "
        + $"'{ManagementException.Shorten(ScopeText.Write(scope))}'. Ask someone who may assign roles there for the role 'Managed Identity Operator'.");
}
