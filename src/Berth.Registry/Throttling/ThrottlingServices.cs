using Berth.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Berth.Registry.Throttling;

/// <summary>Registers what keeps one caller, or one registry, from taking everything.</summary>
internal static class ThrottlingServices
{
    /// <summary>Adds the services.</summary>
    public static IServiceCollection AddThrottling(this IServiceCollection services)
    {
        services.AddSingleton<ThrottleMetrics>();
        services.AddSingleton<RequestLimiter>();
        services.AddSingleton<RequestTurns>();
        services.AddSingleton<UploadPlaces>();
        services.AddSingleton<DemandShare>();
        services.AddHostedService(s => s.GetRequiredService<DemandShare>());
        services.TryAddSingleton<INodeShare>(s => s.GetRequiredService<ILeases>().AreShared ? s.GetRequiredService<DemandShare>() : new WholeShare());
        return services;
    }
}
