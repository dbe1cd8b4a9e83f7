using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Berth.Registry.Network;

/// <summary>Registers what connects to addresses that others name.</summary>
internal static class OutboundServices
{
    /// <summary>Adds the services; a host that trusts certificates of its own has added an <see cref="OutboundTrust"/> before.</summary>
    public static IServiceCollection AddOutbound(this IServiceCollection services)
    {
        services.TryAddSingleton(OutboundTrust.System);
        services.AddSingleton(s => new OutboundHttp(s.GetRequiredService<OutboundOptions>(), s.GetRequiredService<OutboundTrust>()));
        return services;
    }
}
