using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>
/// A registry's private endpoints, which are the server's private listeners: they are made and removed in its settings. Who manages the registry decides here whether
/// those who come by one are let in. What they reach is the registry's one address, under which data comes, too; no zone of names has to be made for it.
/// </summary>
internal sealed class PrivateLinkEndpoints(RegistryFinder finder, RegistryUpdate update, KnownSettings settings, NetworkOptions network)
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
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.put", "PUT", Connection, "privateEndpointConnections/write", (e, r) => e.PutConnectionAsync(r)),
        ManagementRoute.OfRegistry<PrivateLinkEndpoints>("private-endpoint-connections.delete", "DELETE", Connection, "privateEndpointConnections/delete", (e, r) => e.DeleteConnectionAsync(r)),
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
        var standing = settings.Of(registry);
        await request.WriteListAsync(PrivateEndpointsJson.Of(registry, network), (json, listener) => PrivateEndpointsJson.Write(json, registry, listener, standing));
    }

    private async Task GetConnectionAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        await AnswerAsync(request, registry, FindListener(request, registry) ?? throw Absent(request, registry));
    }

    private async Task PutConnectionAsync(ManagementRequest request)
    {
        var body = await request.ReadBodyAsync();
        var wanted = PrivateEndpointBody.Read(body);
        var registry = await finder.FindAsync(request);
        var listener = FindListener(request, registry) ?? throw Absent(request, registry);
        PrivateEndpointBody.RequireSameEndpoint(body, PrivateEndpointsJson.IdOf(registry, listener));
        await AnswerAsync(request, await SetAsync(request, registry, listener, wanted), listener);
    }

    // The server goes on to listen there until its settings say otherwise: who calls is refused, and the connection says why.
    private async Task DeleteConnectionAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        if (FindListener(request, registry) is not { } listener)
        {
            await request.WriteEmptyAsync(204);
            return;
        }

        await SetAsync(request, registry, listener, new ConnectionState(ConnectionStatus.Disconnected));
        await request.WriteEmptyAsync(200);
    }

    private PrivateListener? FindListener(ManagementRequest request, RegistryRecord registry) => PrivateEndpointsJson.Of(registry, network)
        .FirstOrDefault(listener => listener.ConnectionName.Equals(request["connectionName"], StringComparison.OrdinalIgnoreCase));

    private static ManagementException Absent(ManagementRequest request, RegistryRecord registry) =>
        ManagementException.NotFound($"{ScopeText.Registry(registry)}{Connections}/{ManagementException.Shorten(request["connectionName"])}");

    private Task<RegistryRecord> SetAsync(ManagementRequest request, RegistryRecord registry, PrivateListener listener, ConnectionState state) => update.ApplyAsync(
        request, registry, new RegistryBody(null, new RegistryChanges(), new SettingsBody { Connection = new ConnectionChange(listener.ConnectionName, state) }));

    private Task AnswerAsync(ManagementRequest request, RegistryRecord registry, PrivateListener listener) =>
        request.WriteAsync(200, json => PrivateEndpointsJson.Write(json, registry, listener, settings.Of(registry)));

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
