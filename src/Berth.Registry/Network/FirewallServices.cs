using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Network;

/// <summary>Registers the rules in front of registries.</summary>
internal static class FirewallServices
{
    /// <summary>Adds the services.</summary>
    public static IServiceCollection AddFirewall(this IServiceCollection services)
    {
        services.AddSingleton<NetworkRules>();
        services.AddSingleton<RegistryFirewall>();
        services.AddSingleton<NetworkDryRun>();
        return services;
    }
}
