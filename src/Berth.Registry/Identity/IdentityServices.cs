using Berth.Metadata;
using Berth.Registry.Identity.Authority;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>Wires sign-in, tokens, rights and the authority.</summary>
internal static class IdentityServices
{
    /// <summary>Adds the feature's services and endpoints.</summary>
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddSingleton<AccessLog>();
        services.AddHostedService(s => s.GetRequiredService<AccessLog>());
        services.AddSingleton<UsageLog>();
        services.AddHostedService(s => s.GetRequiredService<UsageLog>());
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<TokenChallenge>();
        services.AddSingleton<AccessMetrics>();
        services.AddSingleton<RegistryGate>();
        services.AddSingleton<AuthorityTokens>();
        services.AddSingleton<SecretCredentials>();
        services.AddSingleton(s => new Authenticator(
            s.GetRequiredService<IInstallation>(), s.GetRequiredService<Authorizer>(), s.GetRequiredService<OwnerAccount>(), s.GetRequiredService<AccessTokens>(),
            s.GetRequiredService<SecretCredentials>(), s.GetRequiredService<AccessLog>(), s.GetRequiredService<UsageLog>(), s.GetRequiredService<IdentityOptions>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<Authenticator>>()));
        services.AddSingleton<ControlAuthenticator>();
        services.AddSingleton<ControlGate>();
        services.AddSingleton<RoleCatalog>();
        services.AddSingleton<SecretProtection>();
        services.AddSingleton<IFeatureRoutes, TokenEndpoints>();
        services.TryAddSingleton<Authorizer>();
        services.TryAddSingleton<OwnerAccount>();
        return services.AddAuthority();
    }

    private static IServiceCollection AddAuthority(this IServiceCollection services)
    {
        services.AddSingleton<AuthorityDocuments>();
        services.AddSingleton<CertificateAssertions>();
        services.AddSingleton<UsedAssertions>();
        services.AddSingleton<ClientProofs>();
        services.AddSingleton<PersonProofs>();
        services.AddSingleton<RefreshGrants>();
        services.AddSingleton<DeviceGrants>();
        services.AddSingleton<DeviceSignIn>();
        services.AddSingleton<CodeGrants>();
        services.AddSingleton<BrowserSignIn>();
        services.AddSingleton<TokenAnswers>();
        services.AddSingleton<TokenGrants>();
        services.AddSingleton<IFeatureRoutes, AuthorityEndpoints>();
        return services;
    }
}
