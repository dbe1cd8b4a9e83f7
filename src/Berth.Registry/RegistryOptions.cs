using Berth.Registry.Distribution;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Berth.Registry.Lifecycle;
using Berth.Registry.Network;
using Berth.Registry.Throttling;

namespace Berth.Registry;

/// <summary>The settings of the registry's features, one section each.</summary>
public sealed record RegistryOptions
{
    /// <summary>The domain whose first labels are registries: <c>{registry}.{domain}</c>. Default <c>berth.localhost</c>.</summary>
    public string Domain { get; init; } = "berth.localhost";

    /// <summary>The registry that a host outside the domain means. Default <c>local</c>.</summary>
    public string DefaultRegistry { get; init; } = "local";

    /// <summary>The data plane.</summary>
    public DistributionOptions Distribution { get; init; } = new();

    /// <summary>Sign-in.</summary>
    public IdentityOptions Identity { get; init; } = new();

    /// <summary>Garbage collection.</summary>
    public LifecycleOptions Lifecycle { get; init; } = new();

    /// <summary>The rules in front of registries.</summary>
    public NetworkOptions Network { get; init; } = new();

    /// <summary>How much is worked on at once.</summary>
    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>How many requests are served a minute.</summary>
    public RateLimitOptions RateLimits { get; init; } = new();

    /// <summary>The diagnostic logs.</summary>
    public DiagnosticsOptions Diagnostics { get; init; } = new();

    /// <summary>What the server connects to.</summary>
    public OutboundOptions Outbound { get; init; } = new();
}
