using Berth.Registry.Identity.Directory;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Identity;

/// <summary>Wires the directory's calls.</summary>
internal static class DirectoryServices
{
    /// <summary>Adds the directory's services and endpoints.</summary>
    public static IServiceCollection AddDirectory(this IServiceCollection services)
    {
        services.AddSingleton<DirectoryObjects>();
        services.AddSingleton<CertificateList>();
        services.AddSingleton<UserCalls>();
        services.AddSingleton<GroupCalls>();
        services.AddSingleton<ApplicationCalls>();
        services.AddSingleton<ApplicationCredentialCalls>();
        services.AddSingleton<FederationCalls>();
        services.AddSingleton<ObjectCalls>();
        services.AddSingleton<IFeatureRoutes, DirectoryEndpoints>();
        return services;
    }
}
