using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>
/// How much of what there is in a registry, against what there may be: -1 where nothing but the disk ends it, 0 where this version has none. Sizes are
/// kept with every push; counts end at <see cref="IRegistryUsage.MostCounted"/>, so that asking costs the same whatever is stored.
/// </summary>
internal sealed class UsageEndpoints(RegistryFinder finder, IRegistryUsage usages, NetworkOptions network)
{
    private const long Unlimited = -1;
    private const long None = 0;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<UsageEndpoints>("registries.list-usages", "GET", "/listUsages", "listUsages/read", (e, r) => e.ListAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        var usage = await usages.ReadRegistryUsageAsync(registry.Id, request.Aborted);
        (string Name, long Limit, long Value, string Unit)[] lines =
        [
            ("Size", usage.Quota ?? Unlimited, usage.Bytes, "Bytes"),
            ("MaximumStorageCapacity", usage.Quota ?? Unlimited, usage.Bytes, "Bytes"),
            ("Webhooks", None, 0, "Count"),
            ("Geo-replications", None, 0, "Count"),
            ("IPRules", Unlimited, RegistrySettings.Read(registry.Properties).Allowed.Blocks.Count, "Count"),
            ("VNetRules", None, 0, "Count"),
            ("PrivateEndpointConnections", Unlimited, PrivateEndpointsJson.Of(registry, network).Count(), "Count"),
            ("ScopeMaps", Unlimited, usage.ScopeMaps, "Count"),
            ("Tokens", Unlimited, usage.Tokens, "Count"),
        ];
        await request.WriteListAsync(lines, (json, line) =>
        {
            json.WriteStartObject();
            json.WriteString("name"u8, line.Name);
            json.WriteNumber("limit"u8, line.Limit);
            json.WriteNumber("currentValue"u8, line.Value);
            json.WriteString("unit"u8, line.Unit);
            json.WriteEndObject();
        });
    }
}
