using Berth.Metadata;
using Berth.Registry.Lifecycle.Workloads;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires what workloads report of themselves.</summary>
internal static class WorkloadServices
{
    /// <summary>Adds the services and endpoints.</summary>
    public static IServiceCollection AddWorkloads(this IServiceCollection services)
    {
        services.AddSingleton<IWorkloads>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<WorkloadMetrics>();
        services.AddSingleton<WorkloadExpiry>();
        services.AddSingleton<IFeatureRoutes, WorkloadEndpoints>();
        return services;
    }
}
