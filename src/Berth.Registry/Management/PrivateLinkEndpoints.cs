using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>
/// A registry's private endpoints, which are the server's private listeners: they stand in its settings, and are made, approved and removed there. What they reach is
/// the registry's one address, under which data comes, too; no zone of names has to be made for it.
/// </summary>
internal sealed class PrivateLinkEndpoints(RegistryFinder finder, NetworkOptions network)
{
    private const string Group = "registry";
    private const string Below = "/privateLinkResources";
    private const string Action = "privateLinkResources/read";
    private const string Connections = "/privateEndpointConnections";
    private const string Connection = Connections + "/{connectionName}";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-link-resources.list", "GET", Below, Action, (e, r) => e.ListAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-link-resources.get", "GET", Below + "/{linkGroup}", Action, (e, r) => e.GetAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.list", "GET", Connections, "privateEndpointConnections/read", (e, r) => e.ListConnectionsAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.get", "GET", Connection, "privateEndpointConnections/read", (e, r) => e.GetConnectionAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.put", "PUT", Connection, "privateEndpointConnections/write", (e, r) => e.RefuseAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.delete", "DELETE", Connection, "privateEndpointConnections/delete", (e, r) => e.RefuseAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request) => await request.WriteListAsync([await finder.FindAsync(request)], Write);

    private async Task GetAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        if (!request["linkGroup"].Equals(Group, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.NotFound($"{ScopeText.Registry(registry)}{Below}/{ManagementException.Shorten(request["linkGroup"])}");
        await request.WriteAsync(200, json => Write(json, registry));
    }

    private async Task ListConnectionsAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        await request.WriteListAsync(PrivateEndpointsJson.Of(registry, network), (json, listener) => PrivateEndpointsJson.Write(json, registry, listener));
    }

    private async Task GetConnectionAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        var found = PrivateEndpointsJson.Of(registry, network)
            .FirstOrDefault(listener => PrivateEndpointsJson.NameOf(listener).Equals(request["connectionName"], StringComparison.OrdinalIgnoreCase))
            ?? throw ManagementException.NotFound($"{ScopeText.Registry(registry)}{Connections}/{ManagementException.Shorten(request["connectionName"])}");
        await request.WriteAsync(200, json => PrivateEndpointsJson.Write(json, registry, found));
    }

    private async Task RefuseAsync(ManagementRequest request)
    {
        await finder.FindAsync(request);
        throw ManagementException.Bad(
            "FeatureNotSupported", "Nothing was done: private endpoints are listeners of the server; add, change or remove them in its settings (Network:PrivateListeners).");
    }

    private static void Write(Utf8JsonWriter json, RegistryRecord registry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"{ScopeText.Registry(registry)}{Below}/{Group}");
        json.WriteString("name"u8, Group);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries/privateLinkResources");
        json.WriteStartObject("properties"u8);
        json.WriteString("groupId"u8, Group);
        json.WriteStartArray("requiredMembers"u8);
        json.WriteStringValue(Group);
        json.WriteEndArray();
        json.WriteStartArray("requiredZoneNames"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
