using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr private-endpoint-connection</c>: the private addresses at which a registry answers, and whether it lets in who comes by them.</summary>
internal static class PrivateEndpointCommands
{
    private const string Connections = "/privateEndpointConnections";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("private-endpoint-connection", "The private addresses at which a registry answers.")
    {
        List(), Show(), Decide("approve", "Lets in who comes by a connection.", "Approved"),
        Decide("reject", "Refuses who comes by a connection, from the next request on.", "Rejected"), Delete(),
    };

    private static Command List() => RegistryResource.Command("list", "Lists a registry's private endpoint connections.", Registry(), [], (_, registry, cancellationToken) =>
        registry.ListAsync(Connections, cancellationToken));

    private static Command Show()
    {
        var name = Name();
        return RegistryResource.Command("show", "Shows a private endpoint connection.", Registry(), [name], (parsed, registry, cancellationToken) =>
            registry.SendForResourceAsync(HttpMethod.Get, PathOf(parsed.GetValue(name)!), null, cancellationToken));
    }

    private static Command Decide(string verb, string description, string status)
    {
        var (name, why) = (Name(), ApiCommand.Optional("Why, for those who look at the connection.", "--description"));
        return RegistryResource.Command(verb, description, Registry(), [name, why], (parsed, registry, cancellationToken) =>
            registry.SendForResourceAsync(HttpMethod.Put, PathOf(parsed.GetValue(name)!), json =>
            {
                json.WriteStartObject("properties"u8);
                json.WriteStartObject("privateLinkServiceConnectionState"u8);
                json.WriteString("status"u8, status);
                json.TextIfAny("description", parsed.GetValue(why));
                json.WriteEndObject();
                json.WriteEndObject();
            }, cancellationToken));
    }

    private static Command Delete()
    {
        var name = Name();
        return RegistryResource.Command(
            "delete", "Disconnects a private endpoint: who comes by it is refused until it is approved again, or removed from the server's settings.", Registry(), [name],
            (parsed, registry, cancellationToken) => registry.SendAsync(HttpMethod.Delete, PathOf(parsed.GetValue(name)!), null, cancellationToken));
    }

    private static string PathOf(string name) => $"{Connections}/{Uri.EscapeDataString(name)}";

    private static Option<string> Registry() => RegistryResource.NameOption("--registry-name", "-r");

    private static Option<string> Name() => ApiCommand.Required("The connection's name, which acr private-endpoint-connection list says.", "--name", "-n");
}
