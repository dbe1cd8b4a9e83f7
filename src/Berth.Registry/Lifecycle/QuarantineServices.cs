using Berth.Metadata;
using Berth.Registry.Lifecycle.Quarantines;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires quarantine by hand.</summary>
internal static class QuarantineServices
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddQuarantine(this IServiceCollection services)
    {
        services.AddSingleton<IQuarantine>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<QuarantineGate>();
        services.AddSingleton<IFeatureRoutes, QuarantineEndpoints>();
        return services;
    }
}
