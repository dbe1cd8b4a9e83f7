using Berth.Registry.Identity.Evidence;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Identity;

/// <summary>Wires the answers to an auditor's questions.</summary>
internal static class EvidenceServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddEvidence(this IServiceCollection services)
    {
        services.AddSingleton<AccessEventList>();
        services.AddSingleton<AccessReport>();
        services.AddSingleton<PrincipalReport>();
        services.AddSingleton<NamedPrincipals>();
        services.AddSingleton<RightsList>();
        services.AddSingleton<RightsExplanation>();
        services.AddSingleton<RegistryPrincipals>();
        services.AddSingleton<ConsumerList>();
        services.AddSingleton<CredentialList>();
        services.AddSingleton<IFeatureRoutes, EvidenceEndpoints>();
        return services;
    }
}
