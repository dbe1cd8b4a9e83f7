using Berth.Metadata;
using Berth.Registry.Jobs.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Jobs;

/// <summary>Wires nodes and the work that they share.</summary>
internal static class JobServices
{
    /// <summary>Adds them: before the jobs, which end before their leases are given back.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services)
    {
        services.AddSingleton<ILeases>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<INodes>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<JobMetrics>();
        services.AddSingleton<SharedJobs>();
        services.AddHostedService(s => s.GetRequiredService<SharedJobs>());
        services.AddHostedService<NodeReport>();
        services.AddSingleton<IFeatureRoutes, NodeEndpoints>();
        return services;
    }
}
