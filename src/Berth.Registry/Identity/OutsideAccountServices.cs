using Berth.Registry.Identity.Authority;
using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Identity;

/// <summary>Registers the sign-in of people who come from an outside provider.</summary>
internal static class OutsideAccountServices
{
    /// <summary>Adds the services; they do nothing before somebody signs in that way.</summary>
    public static IServiceCollection AddOutsideAccounts(this IServiceCollection services)
    {
        services.AddSingleton<OutsideAccountMetrics>();
        services.AddSingleton<ProviderHttp>();
        services.AddSingleton<Provider>();
        services.AddSingleton<IdTokens>();
        services.AddSingleton<OutsideClaims>();
        services.AddSingleton<AnswerOrder>();
        services.AddSingleton<OutsidePeople>();
        services.AddSingleton<OutsideDoor>();
        services.AddSingleton<OutsideReturn>();
        services.AddSingleton<OutsideRenewal>();
        return services;
    }
}
