using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>What a client wants a private endpoint's connection to be.</summary>
internal static class PrivateEndpointBody
{
    private const string Path = "properties.privateLinkServiceConnectionState.";

    /// <summary>The state that it asks for.</summary>
    /// <exception cref="ManagementException">It asks for something else, or for what cannot be.</exception>
    public static ConnectionState Read(ResourceBody body)
    {
        var properties = body.Only("id", "name", "type", "systemData", "properties").Object("properties").Only("privateEndpoint", "privateLinkServiceConnectionState", "provisioningState");
        var state = properties.Object("privateLinkServiceConnectionState").Only("status", "description", "actionsRequired");
        if (state.Text("actionsRequired") is { } actions && !actions.Equals("None", StringComparison.OrdinalIgnoreCase))
            throw ManagementException.Bad("FeatureNotSupported", $"'{Path}actionsRequired' may only be 'None', not '{ManagementException.Shorten(actions)}'. Leave it out.");
        var description = state.Text("description");
        if (description?.Length > ConnectionState.MaxDescription)
            throw ManagementException.BadContent($"'{Path}description' is longer than {ConnectionState.MaxDescription} characters.");
        return new ConnectionState(ReadStatus(state.Text("status")), description is { Length: > 0 } ? description : null);
    }

    /// <summary>Refuses another private endpoint than the connection's own.</summary>
    public static void RequireSameEndpoint(ResourceBody body, string id)
    {
        if (body.Object("properties").Object("privateEndpoint").Only("id").Text("id") is { } named && !named.Equals(id, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.Bad("FeatureNotSupported", $"'properties.privateEndpoint.id' may only be '{id}': the connection is that of one listener of the server. Leave it out.");
    }

    private static ConnectionStatus ReadStatus(string? text) => text?.ToUpperInvariant() switch
    {
        "APPROVED" => ConnectionStatus.Approved,
        "REJECTED" => ConnectionStatus.Rejected,
        null => throw ManagementException.BadContent($"The body needs '{Path}status', 'Approved' or 'Rejected'."),
        _ => throw ManagementException.BadContent($"'{Path}status' is 'Approved' or 'Rejected', not '{ManagementException.Shorten(text!)}'."),
    };
}
