using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Network;

/// <summary>
/// Stands in front of a registry's data plane: who comes from an address that its rules do not let in is refused before anything else of the request is
/// looked at. The control plane, the authority and the directory have no such rules: they are where the rules are changed.
/// </summary>
internal sealed partial class RegistryFirewall(
    KnownSettings settings, NetworkRules rules, NetworkOptions options, AccessLog accessLog, AccessMetrics metrics, ILogger<RegistryFirewall> logger)
{
    /// <summary>Lets the request through, or refuses it.</summary>
    /// <exception cref="OciException">The caller's address is not let in.</exception>
    public void Admit(HttpContext context, RegistryRecord registry)
    {
        var address = context.Connection.RemoteIpAddress;
        var verdict = JudgeArrival(context, registry) ?? rules.Judge(settings.Of(registry), address is null ? null : AddressBlock.Of(address));
        if (verdict == NetworkVerdict.Allowed) return;

        // As IPv4, which the rules and those who write them speak of.
        if (address is { IsIPv4MappedToIPv6: true }) address = address.MapToIPv4();
        metrics.Denied(AccessLog.NetworkReason);
        var isFirst = accessLog.Record(AccessEventKinds.Denied, registry.Id, "", address?.ToString(), AccessLog.NetworkReason, context.TraceIdentifier);
        if (isFirst) LogDenied(registry.Name, address?.ToString(), verdict);
        if (isFirst && verdict == NetworkVerdict.Unreadable) LogUnreadable(registry.Name);
        throw new OciException(OciErrorCode.Denied, Describe(verdict, registry, address));
    }

    // Null for those who came in at a public listener.
    private NetworkVerdict? JudgeArrival(HttpContext context, RegistryRecord registry)
    {
        if (options.PrivateListeners.Count == 0 || context.Features.Get<PrivateArrival>() is not { } arrival) return null;
        return arrival.Registry == registry.Name ? NetworkVerdict.Allowed : NetworkVerdict.NotHere;
    }

    private static string Describe(NetworkVerdict verdict, RegistryRecord registry, IPAddress? address)
    {
        var client = $"client with IP '{address}' is not allowed access to the registry '{registry.Name}': ";
        return client + verdict switch
        {
            NetworkVerdict.NotPublic =>
                $"its public network access is disabled. Who manages it can enable it: az acr update --name {registry.Name} --public-network-enabled true",
            NetworkVerdict.Unreadable =>
                $"its network rules cannot be read, so nobody is let in. Who manages it can set them anew: az acr update --name {registry.Name} --public-network-enabled true --default-action Deny",
            NetworkVerdict.NotHere => "the address that was called is another registry's private one. Call this registry at its own, or at a public one.",
            _ => $"its network rules do not name this address. Who manages it can add the address: az acr network-rule add --name {registry.Name} --ip-address {address}",
        };
    }
}
