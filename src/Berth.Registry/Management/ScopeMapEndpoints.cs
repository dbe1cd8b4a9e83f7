using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>A registry's scope maps: named lists of what tokens may do.</summary>
internal sealed partial class ScopeMapEndpoints(RegistryFinder finder, IRegistryTokens tokens)
{
    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<ScopeMapEndpoints>("scope-maps.list", "GET", "/scopeMaps", "scopeMaps/read", (e, r) => e.ListAsync(r)),
        ManagementRoute.OfRegistry<ScopeMapEndpoints>("scope-maps.get", "GET", "/scopeMaps/{map}", "scopeMaps/read", (e, r) => e.GetAsync(r)),
        ManagementRoute.OfRegistry<ScopeMapEndpoints>("scope-maps.put", "PUT", "/scopeMaps/{map}", "scopeMaps/write", (e, r) => e.PutAsync(r)),
        ManagementRoute.OfRegistry<ScopeMapEndpoints>("scope-maps.patch", "PATCH", "/scopeMaps/{map}", "scopeMaps/write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.OfRegistry<ScopeMapEndpoints>("scope-maps.delete", "DELETE", "/scopeMaps/{map}", "scopeMaps/delete", (e, r) => e.DeleteAsync(r)),
    ];

    /// <summary>The id of a registry's scope map.</summary>
    public static string IdOf(RegistryRecord registry, string name) => $"{ScopeText.Registry(registry)}/scopeMaps/{name}";

    /// <summary>Makes sure that the registry has the scope maps that every one has.</summary>
    public static async Task EnsureSystemDefinedAsync(IRegistryTokens tokens, RegistryRecord registry, CancellationToken cancellationToken)
    {
        var maps = ScopeMapRules.SystemDefinedOf(registry.Id).ToList();

        // The last one is made last: where it is, all are.
        if (await tokens.FindScopeMapAsync(registry.Id, maps[^1].Name, cancellationToken) is not null) return;
        foreach (var map in maps) await tokens.PutScopeMapAsync(map, Caller.System, cancellationToken);
    }

    private async Task ListAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        var page = await tokens.ListScopeMapsAsync(registry.Id, request.After, ManagementRequest.PageSize, request.Aborted);
        await request.WriteListAsync(page.Items, (json, map) => Write(json, registry, map), page.More ? page.Last : null);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        var map = await tokens.FindScopeMapAsync(registry.Id, request["map"], request.Aborted) ?? throw NotFound(registry, request);
        await request.WriteAsync(200, json => Write(json, registry, map));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        RefuseSystemDefined(request);
        if (!MapName().IsMatch(request["map"])) throw ManagementException.Bad("InvalidScopeMapName", "A scope map's name has 5 to 50 letters, digits, - and _.");
        var registry = await FindRegistryAsync(request);
        var properties = ReadProperties(await request.ReadBodyAsync());
        var actions = properties.Texts("actions") ?? throw ManagementException.BadContent("The body needs 'properties.actions', a list of texts.");
        Check(actions);
        var wanted = new ScopeMapRecord(registry.Id, request["map"], properties.Text("description") ?? "", actions, SystemDefined: false);
        var put = await tokens.PutScopeMapAsync(wanted, request.Caller, request.Aborted);
        if (put.Record is not { } map) throw ManagementException.NotFound(ScopeText.Registry(registry));
        await request.WriteAsync(put.Outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, registry, map));
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        RefuseSystemDefined(request);
        var registry = await FindRegistryAsync(request);
        _ = await tokens.FindScopeMapAsync(registry.Id, request["map"], request.Aborted) ?? throw NotFound(registry, request);
        var properties = ReadProperties(await request.ReadBodyAsync());
        var actions = properties.Texts("actions");
        if (actions is not null) Check(actions);
        var changed = await tokens.UpdateScopeMapAsync(registry.Id, request["map"], properties.Text("description"), actions, request.Caller, request.Aborted);
        await request.WriteAsync(200, json => Write(json, registry, changed.Record ?? throw NotFound(registry, request)));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        RefuseSystemDefined(request);
        var registry = await FindRegistryAsync(request);
        switch (await tokens.DeleteScopeMapAsync(registry.Id, request["map"], request.Caller, request.Aborted))
        {
            case DeleteOutcome.Held:
                throw new ManagementException(409, "ScopeMapInUse", $"A token has the scope map '{request["map"]}'; give it another or delete it first.");
            case DeleteOutcome.Unknown:
                await request.WriteEmptyAsync(204);
                break;
            default:
                await request.WriteEmptyAsync(200);
                break;
        }
    }

    private async Task<RegistryRecord> FindRegistryAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        await EnsureSystemDefinedAsync(tokens, registry, request.Aborted);
        return registry;
    }

    private static ResourceBody ReadProperties(ResourceBody body)
    {
        // Clients that know resources of any kind say where it is, too: where its registry is.
        body.Only("id", "name", "type", "systemData", "location", "properties").Text("location");
        return body.Object("properties").Only("description", "actions", "type", "creationDate", "provisioningState");
    }

    private static void RefuseSystemDefined(ManagementRequest request)
    {
        if (ScopeMapRules.IsSystemDefined(request["map"]))
            throw ManagementException.Bad("SystemScopeMap", $"The scope map '{request["map"]}' comes with the registry and cannot be changed; make one of your own beside it.");
    }

    private static void Check(IReadOnlyList<string> actions)
    {
        if (actions.Count == 0) throw ManagementException.Bad("InvalidScopeMapActions", "A scope map holds at least one action, such as repositories/app/content/read.");
        if (ScopeMapRules.Check(actions) is { } error) throw ManagementException.Bad("InvalidScopeMapActions", error);
    }

    private static ManagementException NotFound(RegistryRecord registry, ManagementRequest request) =>
        ManagementException.NotFound(IdOf(registry, ManagementException.Shorten(request["map"])));

    private static void Write(Utf8JsonWriter json, RegistryRecord registry, ScopeMapRecord map)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, IdOf(registry, map.Name));
        json.WriteString("name"u8, map.Name);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries/scopeMaps");
        json.WriteStartObject("properties"u8);
        json.WriteString("description"u8, map.Description);
        json.WriteString("type"u8, map.SystemDefined ? "SystemDefined" : "UserDefined");
        json.WriteString("creationDate"u8, map.CreatedAt);
        json.WriteString("provisioningState"u8, "Succeeded");
        json.WriteStartArray("actions"u8);
        foreach (var action in map.Actions) json.WriteStringValue(action);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{4,49}\z", RegexOptions.CultureInvariant)]
    private static partial Regex MapName();
}
