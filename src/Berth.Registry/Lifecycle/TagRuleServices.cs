using Berth.Metadata;
using Berth.Registry.Lifecycle.TagRules;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires the rules that make tags write-once.</summary>
internal static class TagRuleServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddTagRules(this IServiceCollection services)
    {
        services.AddSingleton<ITagRules>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IFeatureRoutes, TagRuleEndpoints>();
        return services;
    }
}
