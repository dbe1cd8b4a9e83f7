using System.Net;

namespace Berth.Registry.Throttling;

/// <summary>Whose requests are counted together.</summary>
/// <param name="Class">The class of requests.</param>
/// <param name="RegistryId">The registry's row; 0 for the control plane and the authority.</param>
/// <param name="PrincipalId">The identity's row; 0 for no identity.</param>
/// <param name="Source">Where callers without an identity come from (an IPv4 address, a /64 network of IPv6); null for all callers together, and for an identity.</param>
internal readonly record struct LimitKey(LimitClass Class, long RegistryId, long PrincipalId = 0, IPAddress? Source = null)
{
    // No row has this id.
    private const long Rest = -1;

    /// <summary>Those who are not told apart any more because too many different callers came.</summary>
    public LimitKey AsRest() => new(Class, RegistryId, Rest);
}
