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
        var arrival = options.PrivateListeners.Count == 0 ? null : context.Features.Get<PrivateArrival>();
        var verdict = arrival is null
            ? rules.Judge(settings.Of(registry), address is null ? null : AddressBlock.Of(address))
            : NetworkRules.Judge(settings.Of(registry), registry.Name, arrival);
        if (verdict == NetworkVerdict.Allowed) return;

        // As IPv4, which the rules and those who write them speak of.
        if (address is { IsIPv4MappedToIPv6: true }) address = address.MapToIPv4();
        metrics.Denied(AccessLog.NetworkReason);
        var isFirst = accessLog.Record(AccessEventKinds.Denied, registry.Id, "", address?.ToString(), AccessLog.NetworkReason, context.TraceIdentifier);
        if (isFirst) LogDenied(registry.Name, address?.ToString(), verdict);
        if (isFirst && verdict == NetworkVerdict.Unreadable) LogUnreadable(registry.Name);
        throw new OciException(OciErrorCode.Denied, Describe(verdict, registry, address, arrival));
    }

    private static string Describe(NetworkVerdict verdict, RegistryRecord registry, IPAddress? address, PrivateArrival? arrival)
    {
        var client = $"client with IP '{address}' is not allowed access to the registry '{registry.Name}': ";
        return client + verdict switch
        {
            NetworkVerdict.NotPublic =>
                $"its public network access is disabled. Who manages it can enable it: az acr update --name {registry.Name} --public-network-enabled true",
            NetworkVerdict.Unreadable =>
                $"its network rules cannot be read, so nobody is let in. Who manages it can set them anew: az acr update --name {registry.Name} --public-network-enabled true --default-action Deny",
            NetworkVerdict.NotHere => "the address that was called is another registry's private one. Call this registry at its own, or at a public one.",
            NetworkVerdict.NotApproved =>
                $"it came in by the private endpoint connection '{arrival?.Connection}', which is not approved. "
                + $"Who manages the registry can approve it: az acr private-endpoint-connection approve --registry-name {registry.Name} --name {arrival?.Connection}",
            _ => $"its network rules do not name this address. Who manages it can add the address: az acr network-rule add --name {registry.Name} --ip-address {address}",
        };
    }
}
