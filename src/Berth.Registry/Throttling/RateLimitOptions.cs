using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Throttling;

/// <summary>Settings of how many requests are served a minute.</summary>
public sealed record RateLimitOptions
{
    /// <summary>
    /// Which limits hold where nothing else is set: none, or those that Azure Container Registry publishes for the registry's SKU. Default Off: a server of one's own
    /// gives what it can, and what it gives is shared fairly without limits (docs/decisions/0030-protecting-itself.md).
    /// </summary>
    public RateLimitMode Mode { get; init; } = RateLimitMode.Off;

    /// <summary>GET, HEAD and OPTIONS at a registry.</summary>
    public ClassLimitOptions Read { get; init; } = new();

    /// <summary>PUT, PATCH and POST at a registry.</summary>
    public ClassLimitOptions Write { get; init; } = new();

    /// <summary>DELETE at a registry.</summary>
    public ClassLimitOptions Delete { get; init; } = new();

    /// <summary>Lists of referrers.</summary>
    public ClassLimitOptions Referrers { get; init; } = new();

    /// <summary>Requests for tokens, which know a caller by the address alone.</summary>
    public ClassLimitOptions Token { get; init; } = new();

    /// <summary>Reads of the control plane.</summary>
    public ClassLimitOptions ControlRead { get; init; } = new();

    /// <summary>Changes by the control plane.</summary>
    public ClassLimitOptions ControlWrite { get; init; } = new();

    /// <summary>
    /// What single registries have in place of that (<c>team1:Read=600/60</c>: 600 a minute for all, 60 for one caller, 0 for no limit; comma separated or a JSON array).
    /// Default none.
    /// </summary>
    public IReadOnlyList<RegistryLimit> Registries { get; init; } = [];

    /// <summary>What is set for a class.</summary>
    internal ClassLimitOptions Of(LimitClass limited) => limited switch
    {
        LimitClass.Read => Read,
        LimitClass.Write => Write,
        LimitClass.Delete => Delete,
        LimitClass.Referrers => Referrers,
        LimitClass.Token => Token,
        LimitClass.ControlRead => ControlRead,
        _ => ControlWrite,
    };
}

/// <summary>Where limits come from that are not set.</summary>
public enum RateLimitMode
{
    /// <summary>There are none.</summary>
    Off,

    /// <summary>The registry's SKU has them, with Azure's numbers.</summary>
    Sku,
}

/// <summary>Settings of one class of requests.</summary>
public sealed record ClassLimitOptions
{
    /// <summary>The most requests of this class a minute that a registry serves all its callers together; 0 for no limit. Default as RateLimits:Mode says.</summary>
    [Range(0, 100_000_000)]
    public int? Total { get; init; }

    /// <summary>The most requests of this class a minute from one identity, or without one from one address; 0 for no limit. Default as RateLimits:Mode says.</summary>
    [Range(0, 100_000_000)]
    public int? PerCaller { get; init; }
}
