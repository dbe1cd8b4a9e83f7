using Berth.Metadata;
using Berth.Registry.Lifecycle.WriteOnce;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires the rules that make tags write-once.</summary>
internal static class WriteOnceServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddWriteOnce(this IServiceCollection services)
    {
        services.AddSingleton<ITagRules>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IFeatureRoutes, TagRuleEndpoints>();
        return services;
    }
}
