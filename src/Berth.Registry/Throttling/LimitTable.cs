using System.Collections.Frozen;
using Berth.Metadata;

namespace Berth.Registry.Throttling;

/// <summary>Which limit holds for whom: what a registry has of its own, else what is set for the class, else what its SKU has where that counts.</summary>
internal sealed class LimitTable
{
    private static readonly LimitClass[] Classes = Enum.GetValues<LimitClass>();

    private readonly FrozenDictionary<(string Registry, LimitClass Class), RateLimit> _registries;
    private readonly RateLimit[] _premium;
    private readonly RateLimit[] _others;

    public LimitTable(RateLimitOptions options)
    {
        _registries = options.Registries.GroupBy(own => (own.Registry, Enum.Parse<LimitClass>(own.Class)))
            .ToFrozenDictionary(own => own.Key, own => new RateLimit(own.Last().Total, own.Last().PerCaller));
        _premium = [.. Classes.Select(limited => BaseOf("Premium", limited, options.Mode).With(options.Of(limited)))];
        _others = [.. Classes.Select(limited => BaseOf("Standard", limited, options.Mode).With(options.Of(limited)))];
        IsEmpty = _registries.Count == 0 && _premium.Concat(_others).All(limit => limit == RateLimit.None);
    }

    /// <summary>Whether nobody has any limit.</summary>
    public bool IsEmpty { get; }

    /// <summary>The limit of a class at a registry; null for what is no registry's, such as the control plane.</summary>
    public RateLimit Of(RegistryRecord? registry, LimitClass limited)
    {
        if (registry is not null && _registries.Count > 0 && _registries.TryGetValue((registry.Name, limited), out var own)) return own;
        return (registry is null or { Sku: "Premium" } ? _premium : _others)[(int)limited];
    }

    private static RateLimit BaseOf(string sku, LimitClass limited, RateLimitMode mode) => mode == RateLimitMode.Sku ? SkuLimits.Of(sku, limited) : RateLimit.None;
}
