using Berth.Metadata;
using Berth.Registry.Lifecycle.Rules;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires lifecycle rules.</summary>
internal static class RuleServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddLifecycleRules(this IServiceCollection services)
    {
        services.AddSingleton<ILifecycleRules>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ILifecyclePlans>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ILifecycleCandidates>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<RuleMetrics>();
        services.AddSingleton<PlanMaker>();
        services.AddSingleton<LifecycleJobs>();
        services.AddSingleton<LifecycleSchedule>();
        services.AddSingleton<PlanBody>();
        services.AddSingleton<RuleEndpoints>();
        services.AddSingleton<PlanEndpoints>();
        services.AddSingleton<IFeatureRoutes, LifecycleEndpoints>();
        services.AddHostedService(s => s.GetRequiredService<LifecycleSchedule>());
        return services;
    }
}
