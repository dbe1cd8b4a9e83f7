using Berth.Metadata;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>
/// The one place that decides what a principal may do in a registry. The rule for now: the owner may do everything, nobody else anything. Not sealed,
/// so that a test can give rights in part before there are any to be had.
/// </summary>
public class Authorizer
{
    private static readonly RegistryPermissions Owner = RegistryPermissions.OfEverything("owner");

    /// <summary>What the principal may do in the registry, as of now.</summary>
    public virtual ValueTask<RegistryPermissions> FindPermissionsAsync(Principal principal, RegistryRecord registry, CancellationToken cancellationToken) =>
        ValueTask.FromResult(principal.Name == OwnerAccount.Name ? Owner : RegistryPermissions.None);
}
