using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>
/// Says what other network rules would do before they are set: whom of those seen in the last 30 days they would cut off, and whether the caller's own
/// address is among those. Azure has nothing like it; the body is that of the registry's PATCH.
/// </summary>
internal sealed class NetworkDryRunEndpoints(RegistryFinder finder, KnownSettings settings, NetworkDryRun dryRun)
{
    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<NetworkDryRunEndpoints>(
            "network-rules.dry-run", "POST", "/dryRunNetworkRules", "dryRunNetworkRules/action", (e, r) => e.RunAsync(r)),
    ];

    private async Task RunAsync(ManagementRequest request)
    {
        var proposed = ReadProposal(await request.ReadBodyAsync());
        var registry = await finder.FindAsync(request);
        var now = settings.Of(registry);
        var then = proposed.ApplyTo(now);
        var page = await FindAsync(request, registry, now, then);
        var address = request.Caller.Address;
        await request.WriteAsync(200, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("caller"u8);
            json.WriteString("address"u8, address);
            WriteVerdict(json, "allowedNow", Allows(now));
            WriteVerdict(json, "allowed", Allows(then));
            json.WriteEndObject();
            json.WriteStartArray("value"u8);
            foreach (var caller in page.Callers)
            {
                json.WriteStartObject();
                json.WriteString("principal"u8, caller.Principal);
                json.WriteString("address"u8, caller.Address);
                json.WriteString("lastSeenAt"u8, caller.LastSeenAt);
                WriteVerdict(json, "allowed", caller.IsUncertain ? null : false);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("isCut"u8, page.IsCut);
            if (page.Next is { } next) json.WriteString("nextLink"u8, request.NextLink(next));
            json.WriteEndObject();
        });

        // No rule is asked about who comes in at a private listener, there and at the data plane alike.
        bool? Allows(RegistrySettings rules) =>
            request.Arrival is { } arrival ? NetworkRules.Judge(rules, registry.Name, arrival) == NetworkVerdict.Allowed : dryRun.Allows(rules, address);
    }

    private static SettingsBody ReadProposal(ResourceBody body)
    {
        var properties = body.Only("properties").Object("properties").Only("networkRuleSet", "publicNetworkAccess", "networkRuleBypassOptions");
        var proposed = new SettingsBody();
        foreach (var property in properties.Properties) proposed = proposed.With(property.Name, properties) ?? proposed;
        return proposed;
    }

    private async ValueTask<CutOffPage> FindAsync(ManagementRequest request, RegistryRecord registry, RegistrySettings now, RegistrySettings then)
    {
        try
        {
            return await dryRun.FindAsync(registry, now, then, request.After, request.Aborted);
        }
        catch (FormatException)
        {
            throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
        }
    }

    private static void WriteVerdict(Utf8JsonWriter json, string name, bool? allowed)
    {
        if (allowed is { } known) json.WriteBoolean(name, known);
        else json.WriteNull(name);
    }
}
