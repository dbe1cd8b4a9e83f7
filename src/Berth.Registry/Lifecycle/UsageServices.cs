using Berth.Metadata;
using Berth.Registry.Lifecycle.Usage;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Lifecycle;

/// <summary>Wires usage and quotas.</summary>
internal static class UsageServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddUsage(this IServiceCollection services)
    {
        services.AddSingleton<IUsage>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IQuotas>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<UsageMetrics>();
        services.AddSingleton<QuotaRefusals>();
        services.AddSingleton<UsageCalls>();
        services.AddSingleton<QuotaCalls>();
        services.AddSingleton<IFeatureRoutes, UsageDoor>();
        services.AddSingleton<UsageWatch>();
        services.AddHostedService(s => s.GetRequiredService<UsageWatch>());
        return services;
    }
}
