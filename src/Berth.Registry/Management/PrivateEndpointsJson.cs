using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>Writes a registry's private listeners as the connections of private endpoints that they stand for.</summary>
internal static class PrivateEndpointsJson
{
    /// <summary>Writes them as a list.</summary>
    public static void Write(Utf8JsonWriter json, RegistryRecord registry, NetworkOptions options, RegistrySettings settings)
    {
        json.WriteStartArray();
        foreach (var listener in Of(registry, options)) Write(json, registry, listener, settings);
        json.WriteEndArray();
    }

    /// <summary>The private listeners of a registry.</summary>
    public static IEnumerable<PrivateListener> Of(RegistryRecord registry, NetworkOptions options) =>
        options.PrivateListeners.Where(listener => listener.Registry == registry.Name);

    /// <summary>The id of the connection that a listener stands for, and of its private endpoint.</summary>
    public static string IdOf(RegistryRecord registry, PrivateListener listener) => $"{ScopeText.Registry(registry)}/privateEndpointConnections/{listener.ConnectionName}";

    /// <summary>Writes one.</summary>
    public static void Write(Utf8JsonWriter json, RegistryRecord registry, PrivateListener listener, RegistrySettings settings)
    {
        var (id, state) = (IdOf(registry, listener), settings.Connections[listener.ConnectionName]);
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("name"u8, listener.ConnectionName);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries/privateEndpointConnections");
        json.WriteStartObject("properties"u8);
        json.WriteStartObject("privateEndpoint"u8);
        json.WriteString("id"u8, id);
        json.WriteEndObject();
        json.WriteStartObject("privateLinkServiceConnectionState"u8);
        json.WriteString("status"u8, state.Status.ToString());
        json.WriteString("description"u8, state.Description ?? Describe(listener, state.Status));
        json.WriteString("actionsRequired"u8, "None"u8);
        json.WriteEndObject();
        json.WriteString("provisioningState"u8, "Succeeded"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Describe(PrivateListener listener, ConnectionStatus status) => status switch
    {
        ConnectionStatus.Approved => $"The server listens at {listener.Address} (Network:PrivateListeners).",
        ConnectionStatus.Disconnected =>
            $"Deleted: who calls at {listener.Address} is refused. Remove it from the server's settings (Network:PrivateListeners), or approve it again.",
        ConnectionStatus.Rejected => $"Who calls at {listener.Address} is refused.",
        _ => $"Who calls at {listener.Address} is refused until it is approved: the registry's settings could not be read, and were set anew.",
    };
}
