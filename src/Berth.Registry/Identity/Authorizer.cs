using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity;

/// <summary>
/// The one place that decides what a principal may do, per repository and action. The rule for now: the owner may do everything,
/// nobody else anything. Not sealed, so that a test can give rights in part before there are any to be had.
/// </summary>
public class Authorizer
{
    private static readonly IReadOnlyList<NameRange> Everything = [NameRange.All];
    private static readonly IReadOnlyList<NameRange> Nothing = [];

    private readonly string _owner = OwnerAccount.Name;

    /// <summary>Whether the principal may do this to the repository.</summary>
    public virtual bool IsAllowed(Principal principal, RegistryRecord registry, RepositoryName repository, RepositoryAction action) => IsOwner(principal);

    /// <summary>Whether the principal may do this to the registry as a whole.</summary>
    public virtual bool MayUse(Principal principal, RegistryRecord registry, RegistryAction action) => action == RegistryAction.SignIn || IsOwner(principal);

    /// <summary>The repositories whose content the principal may read, as sorted, disjoint ranges of names.</summary>
    public virtual IReadOnlyList<NameRange> Readable(Principal principal, RegistryRecord registry) => IsOwner(principal) ? Everything : Nothing;

    private bool IsOwner(Principal principal) => principal.Name == _owner;
}
