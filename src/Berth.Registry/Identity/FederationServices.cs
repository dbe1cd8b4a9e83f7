using Berth.Registry.Identity.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Identity;

/// <summary>Registers the verification of other issuers' assertions.</summary>
internal static class FederationServices
{
    /// <summary>Adds the services.</summary>
    public static IServiceCollection AddFederation(this IServiceCollection services)
    {
        services.AddSingleton<FederationMetrics>();
        services.AddSingleton<IssuerDocuments>();
        services.AddSingleton<IssuerKeys>();
        services.AddSingleton<FederatedAssertions>();
        services.AddSingleton<IFeatureRoutes, IssuerKeyEndpoints>();
        return services;
    }
}
