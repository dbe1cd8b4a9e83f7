using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>A registry as a resource of the control plane.</summary>
/// <param name="session">The installation.</param>
/// <param name="id">The resource's id.</param>
internal sealed class RegistryResource(ApiSession session, string id)
{
    private const string Version = "2025-11-01";
    private const string ResourcesVersion = "2021-04-01";
    private const string OfType = "resourceType%20eq%20'Microsoft.ContainerRegistry/registries'";
    private const string Registries = "/providers/Microsoft.ContainerRegistry/registries";

    /// <summary>What help calls the value of a flag that names a registry, by which its completion knows it.</summary>
    public const string HelpName = "registry";

    /// <summary>The resource's id.</summary>
    public string Id => id;

    /// <summary>The flag that names the registry.</summary>
    public static Option<string> NameOption(params string[] names) => new(names[0], names[1..]) { Description = "The registry's name.", HelpName = HelpName, Required = true };

    /// <summary>The flag that names its resource group.</summary>
    public static Option<string?> GroupOption() => ApiCommand.Optional("The resource group; it is looked for when it is not given.", "--resource-group", "-g");

    /// <summary>The id of a managed identity in the registry's resource group.</summary>
    public string IdentityBeside(string name) =>
        $"{string.Join('/', id.Split('/').Take(5))}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{Uri.EscapeDataString(name)}";

    /// <summary>A command on a registry that stands.</summary>
    public static Command Command(
        string name, string description, Option<string> registry, IEnumerable<Option> options, Func<ParseResult, RegistryResource, CancellationToken, Task<JsonElement>> run)
    {
        var group = GroupOption();
        return ApiCommand.Create(name, description, [registry, .. options, group], async (parsed, session, cancellationToken) =>
            await run(parsed, await FindAsync(session, parsed.GetValue(registry)!, parsed.GetValue(group), cancellationToken), cancellationToken));
    }

    /// <summary>The registry of a name, in a resource group or in any.</summary>
    /// <exception cref="ClientException">There is none that may be seen.</exception>
    public static async Task<RegistryResource> FindAsync(ApiSession session, string name, string? group, CancellationToken cancellationToken)
    {
        if (group is not null) return In(session, group, name);
        var known = await session.ArmListAsync($"{session.Subscription}/resources", ResourcesVersion, cancellationToken, $"&$filter={OfType}%20and%20name%20eq%20{ApiCommand.Quote(name)}");
        var found = known.FirstOrDefault(registry => name.Equals(registry.Text("name"), StringComparison.OrdinalIgnoreCase));
        return new RegistryResource(
            session, found.Text("id") ?? throw new ClientException($"there is no registry '{name}' that you may see; ./berth acr list shows those there are."));
    }

    /// <summary>A registry of a resource group, whether or not it stands.</summary>
    public static RegistryResource In(ApiSession session, string group, string name) =>
        new(session, $"{ScopeOf(session, group)}{Registries}/{Uri.EscapeDataString(name)}");

    /// <summary>The names of the registries that may be seen, as many as a page holds.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(ApiSession session, CancellationToken cancellationToken)
    {
        var page = await session.ArmAsync(HttpMethod.Get, $"{session.Subscription}/resources", ResourcesVersion, null, cancellationToken, $"&$filter={OfType}");
        return [.. page.At("value").Items().Select(registry => registry.Text("name") ?? "")];
    }

    /// <summary>The registries of the subscription that may be seen, as the control plane has them.</summary>
    public static Task<IReadOnlyList<JsonElement>> ReadAllAsync(ApiSession session, CancellationToken cancellationToken) =>
        session.ArmListAsync(session.Subscription + Registries, Version, cancellationToken);

    /// <summary>The registries of a resource group, or of the subscription, that may be seen.</summary>
    public static async Task<JsonElement> ListAllAsync(ApiSession session, string? group, CancellationToken cancellationToken) =>
        Shown(await session.ArmListAsync((group is null ? session.Subscription : ScopeOf(session, group)) + Registries, Version, cancellationToken));

    /// <summary>Whether a name is free.</summary>
    public static Task<JsonElement> CheckNameAsync(ApiSession session, string name, CancellationToken cancellationToken) => session.ArmAsync(
        HttpMethod.Post, $"{session.Subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability", Version, json =>
        {
            json.WriteString("name"u8, name);
            json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries"u8);
        }, cancellationToken);

    /// <summary>The location of a resource group.</summary>
    public static async Task<string> LocationOfAsync(ApiSession session, string group, CancellationToken cancellationToken) =>
        (await session.ArmAsync(HttpMethod.Get, ScopeOf(session, group), "2021-04-01", null, cancellationToken)).Required("location");

    /// <summary>A resource as az prints it: its properties beside its name, and the resource group that its id says.</summary>
    public static JsonElement Shown(JsonElement resource)
    {
        var flat = resource.Flat();
        return GroupIn(flat.Text("id")) is not { } group || flat.TryGetProperty("resourceGroup", out _) ? flat : Json.Make(json =>
        {
            foreach (var property in flat.EnumerateObject()) property.WriteTo(json);
            json.WriteString("resourceGroup"u8, group);
        });
    }

    /// <summary>Calls the control plane about the registry, or about what is below it.</summary>
    public Task<JsonElement> SendAsync(HttpMethod method, string below, Action<Utf8JsonWriter>? body, CancellationToken cancellationToken) =>
        session.ArmAsync(method, id + below, Version, body, cancellationToken);

    /// <summary>The same; the answer is a resource, as az prints it.</summary>
    public async Task<JsonElement> SendForResourceAsync(HttpMethod method, string below, Action<Utf8JsonWriter>? body, CancellationToken cancellationToken) =>
        Shown(await SendAsync(method, below, body, cancellationToken));

    /// <summary>What it is.</summary>
    public Task<JsonElement> ShowAsync(CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, "", null, cancellationToken);

    /// <summary>Changes some of its properties; the answer is the registry, as az prints it.</summary>
    public Task<JsonElement> UpdateAsync(Action<Utf8JsonWriter> properties, CancellationToken cancellationToken) =>
        SendForResourceAsync(HttpMethod.Patch, "", json => Write(json, properties), cancellationToken);

    /// <summary>Whom a change of its network rules would cut off.</summary>
    public Task<JsonElement> DryRunAsync(Action<Utf8JsonWriter> properties, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "/dryRunNetworkRules", json => Write(json, properties), cancellationToken);

    /// <summary>The locks that keep it from being deleted or changed.</summary>
    public Task<IReadOnlyList<JsonElement>> LocksAsync(CancellationToken cancellationToken) =>
        session.ArmListAsync($"{id}/providers/Microsoft.Authorization/locks", "2016-09-01", cancellationToken);

    /// <summary>Every entry of a list below the registry, as az prints it.</summary>
    public async Task<JsonElement> ListAsync(string below, CancellationToken cancellationToken) => Shown(await ReadAllAsync(below, cancellationToken));

    /// <summary>Every entry of a list below the registry.</summary>
    public Task<IReadOnlyList<JsonElement>> ReadAllAsync(string below, CancellationToken cancellationToken) => session.ArmListAsync(id + below, Version, cancellationToken);

    private static void Write(Utf8JsonWriter json, Action<Utf8JsonWriter> properties)
    {
        json.WriteStartObject("properties"u8);
        properties(json);
        json.WriteEndObject();
    }

    private static JsonElement Shown(IEnumerable<JsonElement> resources) => Json.Array(resources.Select(Shown));

    private static string ScopeOf(ApiSession session, string group) => $"{session.Subscription}/resourceGroups/{Uri.EscapeDataString(group)}";

    private static string? GroupIn(string? id) => id?.Split('/') is [_, _, _, var kind, var group, ..] && kind.Equals("resourceGroups", StringComparison.OrdinalIgnoreCase) ? group : null;
}
