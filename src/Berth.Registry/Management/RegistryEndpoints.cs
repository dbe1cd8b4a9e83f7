using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Registries as resources.</summary>
internal sealed class RegistryEndpoints(
    RegistryFinder finder, RegistryUpdate update, AttachmentCheck attachments, IRegistries registries, IInstallation installation, Authorizer authorizer, KnownSettings settings,
    RegistryResolver resolver, RegistryOptions options, PublicNames names)
{
    private const string Type = "Microsoft.ContainerRegistry/registries";
    private const string Provider = "/providers/" + Type;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<RegistryEndpoints>("registries.list", "GET", "/subscriptions/{subscription}" + Provider, Type + "/read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<RegistryEndpoints>(
            "registries.list-of-group", "GET", "/subscriptions/{subscription}/resourceGroups/{group}" + Provider, Type + "/read", (e, r) => e.ListOfGroupAsync(r), lists: true),
        ManagementRoute.OfRegistry<RegistryEndpoints>("registries.get", "GET", "", "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.OfRegistry<RegistryEndpoints>("registries.put", "PUT", "", "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.OfRegistry<RegistryEndpoints>("registries.patch", "PATCH", "", "write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.OfRegistry<RegistryEndpoints>("registries.delete", "DELETE", "", "delete", (e, r) => e.DeleteAsync(r)),
        ManagementRoute.Of<RegistryEndpoints>(
            "registries.check-name", "POST", "/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability",
            "Microsoft.ContainerRegistry/checkNameAvailability/read", (e, r) => e.CheckNameAsync(r)),
    ];

    private async Task ListOfGroupAsync(ManagementRequest request)
    {
        await ResourceGroupEndpoints.RequireAsync(request, registries, authorizer);
        await ListAsync(request);
    }

    private async Task ListAsync(ManagementRequest request)
    {
        ListFilter.Parse(request.Query("$filter")).Only();
        var page = await registries.ListRegistriesAsync(request.Scope, request.After, request.Limit, request.Aborted);
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. page.Items.Select(registry => registry.Scope)], request.Aborted);
        var readable = page.Items.Where(registry => rights.May(registry.Scope, request.Route.Action)).ToList();

        // Scopes are in the order of the page: all identities of its registries come at once.
        var identities = readable.Count == 0 ? null : await registries.ListRegistryIdentitiesAsync(readable[0].Scope, readable[^1].Scope, request.Aborted);
        await request.WriteListAsync(
            readable, (json, registry) => Write(json, registry, identities!.GetValueOrDefault(registry.Id, RegistryIdentities.None), request.Installation),
            page.More ? page.Last : null);
    }

    private async Task GetAsync(ManagementRequest request) => await AnswerAsync(request, 200, await finder.FindAsync(request));

    private async Task PutAsync(ManagementRequest request)
    {
        var body = RegistryBody.Read(await request.ReadBodyAsync(), isWhole: true);
        if (await finder.TryFindAsync(request) is { } standing)
        {
            RequireSamePlace(body, standing);
            await AnswerAsync(request, 200, await update.ApplyAsync(request, standing, body));
            return;
        }

        var name = request["registry"].ToLowerInvariant();
        if (RegistryNames.FindFault(name) is { } fault) throw ManagementException.Bad("InvalidResourceName", fault);
        var group = await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Aborted)
            ?? throw ManagementException.GroupNotFound(request["group"]);
        if (body.Changes.Sku is not { } sku) throw ManagementException.Bad("MissingSku", "The body needs 'sku': {\"name\": \"Basic\"}, \"Standard\" or \"Premium\".");
        var wanted = new NewRegistry(name, request.Installation.SubscriptionId, group.Name, body.Location ?? group.Location, sku)
        {
            Settings = body.Settings.AddTo(body.Changes, RegistrySettings.Nothing),
        };
        await attachments.CheckAsync(request, null, body.Changes.Attached);
        var made = await registries.CreateRegistryAsync(wanted, request.Caller, request.Aborted);
        if (made.Outcome == CreateOutcome.Exists)
            throw new ManagementException(409, "AlreadyInUse", $"The registry name '{name}' is already in use, here or in another resource group; choose another.");
        if (made.Outcome == CreateOutcome.Unknown) throw ManagementException.GroupNotFound(request["group"]);
        await AnswerAsync(request, 201, made.Record!);
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        // The Azure CLI sends all of a registry to change a part of it.
        var body = RegistryBody.Read(await request.ReadBodyAsync(), isWhole: false);
        var standing = await finder.FindAsync(request);
        RequireSamePlace(body, standing);
        await AnswerAsync(request, 200, await update.ApplyAsync(request, standing, body));
    }

    private async Task AnswerAsync(ManagementRequest request, int status, RegistryRecord registry)
    {
        var identities = await registries.ListRegistryIdentitiesAsync(registry.Scope, registry.Scope, request.Aborted);
        await request.WriteAsync(status, json => Write(json, registry, identities.GetValueOrDefault(registry.Id, RegistryIdentities.None), request.Installation));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        if (await finder.TryFindAsync(request) is not { } registry)
        {
            await request.WriteEmptyAsync(204);
            return;
        }

        if (registry.Name == options.DefaultRegistry)
        {
            throw new ManagementException(
                409, "DefaultRegistry", $"'{registry.Name}' is the default registry, which host names outside the domain mean: it cannot be deleted. Delete its repositories instead.");
        }

        await registries.DeleteRegistryAsync(registry.Id, request.Caller, request.Aborted);
        resolver.Forget(registry.Name);
        await request.WriteEmptyAsync(200);
    }

    private async Task CheckNameAsync(ManagementRequest request)
    {
        var body = (await request.ReadBodyAsync()).Only("name", "type", "resourceGroupName", "autoGeneratedDomainNameLabelScope");
        foreach (var other in (string[])["type", "resourceGroupName", "autoGeneratedDomainNameLabelScope"]) body.Text(other);
        var name = body.RequiredText("name").ToLowerInvariant();
        var (reason, message) = RegistryNames.FindFault(name) is { } fault ? ("Invalid", fault)
            : await installation.FindRegistryAsync(name, request.Aborted) is not null ? ("AlreadyExists", $"The registry {name} is already in use.")
            : (null, null);
        await request.WriteAsync(200, json =>
        {
            json.WriteStartObject();
            json.WriteString("availableLoginServerName"u8, reason is null ? names.LoginServer(name) : null);
            json.WriteBoolean("nameAvailable"u8, reason is null);
            if (reason is not null) json.WriteString("reason"u8, reason);
            if (message is not null) json.WriteString("message"u8, message);
            json.WriteEndObject();
        });
    }

    private static void RequireSamePlace(RegistryBody body, RegistryRecord standing)
    {
        if (body.Location is { } location && !Place.AreSame(location, standing.Location))
            throw Place.CannotMove("InvalidResourceLocation", "The registry", standing.Location, location);
    }

    private void Write(Utf8JsonWriter json, RegistryRecord registry, RegistryIdentities identities, InstallationRecord home)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Registry(registry));
        json.WriteString("name"u8, registry.Name);
        json.WriteString("type"u8, Type);
        json.WriteString("location"u8, registry.Location);
        json.WritePropertyName("tags"u8);
        json.WriteRawValue(registry.Tags);
        json.WriteStartObject("sku"u8);
        json.WriteString("name"u8, registry.Sku);
        json.WriteString("tier"u8, registry.Sku);
        json.WriteEndObject();
        IdentityJson.Write(json, identities, home);
        json.WriteStartObject("systemData"u8);
        json.WriteString("createdAt"u8, registry.CreatedAt);
        json.WriteString("lastModifiedAt"u8, registry.UpdatedAt);
        json.WriteEndObject();
        json.WriteStartObject("properties"u8);
        json.WriteString("loginServer"u8, names.LoginServer(registry.Name));
        json.WriteString("creationDate"u8, registry.CreatedAt);
        json.WriteString("provisioningState"u8, "Succeeded");
        json.WriteBoolean("adminUserEnabled"u8, registry.AdminUserEnabled);
        json.WriteBoolean("anonymousPullEnabled"u8, registry.AnonymousPullEnabled);
        json.WriteString("roleAssignmentMode"u8, registry.RoleAssignmentMode.ToString());
        var standing = settings.Of(registry);
        SettingsJson.Write(json, registry, standing);
        json.WriteStartArray("dataEndpointHostNames"u8);
        if (standing.HasDataEndpoint) json.WriteStringValue(names.DataEndpoint(registry.Name, registry.Location));
        json.WriteEndArray();
        json.WritePropertyName("privateEndpointConnections"u8);
        PrivateEndpointsJson.Write(json, registry, options.Network, standing);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
