using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr network-rule</c>: the addresses that a registry lets in.</summary>
internal static class NetworkRuleCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("network-rule", "The addresses that a registry lets in.")
    {
        List(),
        Change("add", "Lets an address or a network in.", (addresses, address) => addresses.Contains(address) ? addresses : [.. addresses, address]),
        Change("remove", "Lets an address or a network in no longer.", Without),
    };

    private static IReadOnlyList<string> Without(IReadOnlyList<string> addresses, string address) => addresses.Contains(address)
        ? [.. addresses.Where(other => other != address)]
        : throw new ClientException($"no rule names '{address}'; acr network-rule list shows those there are.");

    private static Command List()
    {
        var (name, group) = (Name(), Group());
        return ApiCommand.Create("list", "Lists the addresses and networks that a registry lets in.", [name, group], async (parsed, session, cancellationToken) =>
        {
            var registry = await RegistryResource.FindAsync(session, parsed.GetValue(name)!, parsed.GetValue(group), cancellationToken);
            var addresses = await AddressesAsync(registry, cancellationToken);
            return Json.Make(json =>
            {
                json.WriteStartArray("ipRules"u8);
                foreach (var address in addresses)
                {
                    json.WriteStartObject();
                    json.WriteString("action"u8, "Allow"u8);
                    json.WriteString("ipAddressOrRange"u8, address);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteStartArray("virtualNetworkRules"u8);
                json.WriteEndArray();
            });
        });
    }

    private static Command Change(string verb, string description, Func<IReadOnlyList<string>, string, IReadOnlyList<string>> change)
    {
        var (name, group, force) = (Name(), Group(), NetworkChange.Force());
        var address = ApiCommand.Required("An IPv4 or IPv6 address, or a network such as 203.0.113.0/24.", "--ip-address");
        return ApiCommand.Create(verb, description, [name, group, address, force], async (parsed, session, cancellationToken) =>
        {
            var registry = await RegistryResource.FindAsync(session, parsed.GetValue(name)!, parsed.GetValue(group), cancellationToken);
            var addresses = change(await AddressesAsync(registry, cancellationToken), parsed.GetValue(address)!);
            return await NetworkChange.SaveAsync(registry, json => Write(json, addresses), parsed.GetValue(force), cancellationToken);
        });
    }

    private static async Task<IReadOnlyList<string>> AddressesAsync(RegistryResource registry, CancellationToken cancellationToken)
    {
        var properties = (await registry.ShowAsync(cancellationToken)).GetProperty("properties");
        return [.. properties.GetProperty("networkRuleSet").GetProperty("ipRules").EnumerateArray().Select(rule => rule.Required("value"))];
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<string> addresses)
    {
        json.WriteStartObject("networkRuleSet"u8);
        json.WriteStartArray("ipRules"u8);
        foreach (var address in addresses)
        {
            json.WriteStartObject();
            json.WriteString("action"u8, "Allow"u8);
            json.WriteString("value"u8, address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Option<string> Name() => RegistryResource.NameOption("--name", "--registry", "-n", "-r");

    private static Option<string?> Group() => ApiCommand.Optional("The registry's resource group.", "--resource-group", "-g");
}
