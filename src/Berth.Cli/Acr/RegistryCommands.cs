using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>The verbs of <c>acr</c> itself: registries as resources.</summary>
internal static class RegistryCommands
{
    /// <summary>The verbs.</summary>
    public static IEnumerable<Command> All() => [List(), Show(), CreateRegistry(), Update(), Delete(), CheckName(), ShowUsage(), ShowEndpoints()];

    private static Command List()
    {
        var group = ApiCommand.Optional("Only those of this resource group.", "--resource-group", "-g");
        return ApiCommand.Create("list", "Lists the registries that you may see.", [group], (parsed, session, cancellationToken) =>
            RegistryResource.ListAllAsync(session, parsed.GetValue(group), cancellationToken));
    }

    private static Command Show() => RegistryResource.Command("show", "Shows a registry.", Name(), [], (_, registry, cancellationToken) =>
        registry.SendForResourceAsync(HttpMethod.Get, "", null, cancellationToken));

    private static Command CreateRegistry()
    {
        var (name, settings) = (Name(), new RegistrySettings());
        var group = new Option<string>("--resource-group", "-g") { Description = "The resource group.", DefaultValueFactory = _ => "default" };
        var location = ApiCommand.Optional("The location; the resource group's when it is not given.", "--location", "-l");
        return ApiCommand.Create("create", "Makes a registry.", [name, group, location, .. settings.All], async (parsed, session, cancellationToken) =>
        {
            var place = parsed.GetValue(location) ?? await RegistryResource.LocationOfAsync(session, parsed.GetValue(group)!, cancellationToken);
            var registry = RegistryResource.In(session, parsed.GetValue(group)!, parsed.GetValue(name)!);
            return await registry.SendForResourceAsync(HttpMethod.Put, "", json =>
            {
                json.WriteString("location"u8, place);
                settings.Write(json, parsed, usualSku: "Premium");
            }, cancellationToken);
        });
    }

    private static Command Update()
    {
        var (settings, network, force) = (new RegistrySettings(), new NetworkSettings(), NetworkChange.Force());
        return RegistryResource.Command("update", "Changes a registry.", Name(), [.. settings.All, .. network.All, force], async (parsed, registry, cancellationToken) =>
        {
            var changesNetwork = network.IsGiven(parsed);
            if (!changesNetwork && !settings.IsGiven(parsed)) throw new ArgumentException("Say what to change; ./berth acr update --help lists the flags.");
            if (changesNetwork && !parsed.GetValue(force)) await NetworkChange.CheckAsync(registry, json => network.Write(json, parsed), cancellationToken);
            return await registry.SendForResourceAsync(HttpMethod.Patch, "", json => settings.Write(json, parsed, usualSku: null, network), cancellationToken);
        });
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        return RegistryResource.Command("delete", "Deletes a registry with all its images.", name, [yes], (parsed, registry, cancellationToken) =>
        {
            Confirmation.Require($"Delete the registry '{parsed.GetValue(name)}' and all images in it?", parsed.GetValue(yes));
            return registry.SendAsync(HttpMethod.Delete, "", null, cancellationToken);
        });
    }

    private static Command CheckName()
    {
        var name = Name();
        return ApiCommand.Create("check-name", "Says whether a registry's name is free.", [name], (parsed, session, cancellationToken) =>
            RegistryResource.CheckNameAsync(session, parsed.GetValue(name)!, cancellationToken));
    }

    private static Command ShowUsage() => RegistryResource.Command("show-usage", "Shows what a registry uses, and its limits.", Name(), [], (_, registry, cancellationToken) =>
        registry.SendAsync(HttpMethod.Get, "/listUsages", null, cancellationToken));

    private static Command ShowEndpoints() => RegistryResource.Command("show-endpoints", "Shows the hosts that a registry's clients reach.", Name(), [], async (parsed, registry, cancellationToken) =>
    {
        var properties = (await registry.ShowAsync(cancellationToken)).GetProperty("properties");
        return Json.Make(json =>
        {
            json.WriteString("loginServer"u8, properties.Required("loginServer"));
            json.WriteStartArray("dataEndpoints"u8);
            foreach (var host in properties.GetProperty("dataEndpointHostNames").EnumerateArray().Select(host => host.GetString()!))
            {
                json.WriteStartObject();
                json.WriteString("region"u8, host.Split('.')[1]);
                json.WriteString("endpoint"u8, host);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    });

    private static Option<string> Name() => RegistryResource.NameOption("--name", "-n");
}
