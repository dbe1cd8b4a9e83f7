using Berth.Metadata;
using Berth.Registry.Lifecycle.Garbage;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires what an operator sees and says of garbage collection.</summary>
internal static class GarbageServices
{
    /// <summary>Adds the services and endpoints.</summary>
    public static IServiceCollection AddGarbageControl(this IServiceCollection services)
    {
        services.AddSingleton<IGarbageControl>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<GarbageRounds>();
        services.AddSingleton<GarbagePace>();
        services.AddSingleton<IFeatureRoutes, GarbageEndpoints>();
        return services;
    }
}
