using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>Writes a registry's private listeners as the connections of private endpoints that they stand for.</summary>
internal static class PrivateEndpointsJson
{
    /// <summary>Writes them as a list.</summary>
    public static void Write(Utf8JsonWriter json, RegistryRecord registry, NetworkOptions options)
    {
        json.WriteStartArray();
        foreach (var listener in Of(registry, options)) Write(json, registry, listener);
        json.WriteEndArray();
    }

    /// <summary>The private listeners of a registry.</summary>
    public static IEnumerable<PrivateListener> Of(RegistryRecord registry, NetworkOptions options) =>
        options.PrivateListeners.Where(listener => listener.Registry == registry.Name);

    /// <summary>The name of the connection that a listener stands for.</summary>
    public static string NameOf(PrivateListener listener) => $"{listener.Address.Address.ToString().Replace(':', '-')}-{listener.Address.Port}";

    /// <summary>Writes one.</summary>
    public static void Write(Utf8JsonWriter json, RegistryRecord registry, PrivateListener listener)
    {
        var name = NameOf(listener);
        var id = $"{ScopeText.Registry(registry)}/privateEndpointConnections/{name}";
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("name"u8, name);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries/privateEndpointConnections");
        json.WriteStartObject("properties"u8);
        json.WriteStartObject("privateEndpoint"u8);
        json.WriteString("id"u8, id);
        json.WriteEndObject();
        json.WriteStartObject("privateLinkServiceConnectionState"u8);
        json.WriteString("status"u8, "Approved"u8);
        json.WriteString("description"u8, $"The server listens at {listener.Address} (Network:PrivateListeners).");
        json.WriteString("actionsRequired"u8, "None"u8);
        json.WriteEndObject();
        json.WriteString("provisioningState"u8, "Succeeded"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
