using System.Net;

namespace Berth.Registry.Network;

/// <summary>Settings of the rules in front of registries.</summary>
public sealed record NetworkOptions
{
    /// <summary>
    /// The networks (<c>10.0.0.0/8</c>, comma separated or a JSON array) of the installation's own services, which a registry's network rules let pass while its
    /// <c>networkRuleBypassOptions</c> is <c>AzureServices</c>. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedCallers { get; init; } = [];

    /// <summary>
    /// Where HTTPS listens for the callers of one registry alone (<c>10.1.0.5:5443=team1</c>, comma separated or a JSON array), as Azure's private endpoints do: the
    /// registry's network rules are not asked there, and no other registry answers. Default none.
    /// </summary>
    public IReadOnlyList<PrivateListener> PrivateListeners { get; init; } = [];
}
