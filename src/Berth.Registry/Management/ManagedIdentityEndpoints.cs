using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Managed identities that operators make for workloads.</summary>
internal sealed partial class ManagedIdentityEndpoints(IPrincipals principals, IRegistries registries, Authorizer authorizer, TimeProvider time)
{
    private const string Type = "Microsoft.ManagedIdentity/userAssignedIdentities";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<ManagedIdentityEndpoints>(
            "identities.list", "GET", "/subscriptions/{subscription}/providers/" + Type, Type + "/read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<ManagedIdentityEndpoints>(
            "identities.list-of-group", "GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/" + Type, Type + "/read", (e, r) => e.ListOfGroupAsync(r), lists: true),
        ManagementRoute.OfIdentity<ManagedIdentityEndpoints>("identities.get", "GET", "", "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.OfIdentity<ManagedIdentityEndpoints>("identities.put", "PUT", "", "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.OfIdentity<ManagedIdentityEndpoints>("identities.delete", "DELETE", "", "delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task ListOfGroupAsync(ManagementRequest request)
    {
        await ResourceGroupEndpoints.RequireAsync(request, registries, authorizer);
        await ListAsync(request);
    }

    private async Task ListAsync(ManagementRequest request)
    {
        ListFilter.Parse(request.Query("$filter")).Only();
        var page = await principals.ListManagedIdentitiesAsync(request.Scope, request.After, ManagementRequest.PageSize, request.Aborted);
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. page.Items.Select(identity => identity.Scope)], request.Aborted);
        var readable = page.Items.Where(identity => rights.May(identity.Scope, request.Route.Action));
        await request.WriteListAsync(readable, (json, identity) => Write(json, identity, request.Installation), page.More ? page.Last : null);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var identity = await principals.FindManagedIdentityAsync(request.Scope, request.Aborted) ?? throw ManagementException.NotFound(ScopeText.Write(request.Scope));
        await request.WriteAsync(200, json => Write(json, identity, request.Installation));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        if (!IdentityName().IsMatch(request["identity"])) throw ManagementException.Bad("InvalidIdentityName", "A managed identity's name has 3 to 128 letters, digits, - and _.");
        var body = (await request.ReadBodyAsync()).Only("id", "name", "type", "systemData", "location", "tags", "properties");
        body.Object("properties").Only("clientId", "principalId", "tenantId");
        var location = body.Text("location");
        if (location is not null) RegistryBody.CheckLocation(location);

        if (await principals.FindManagedIdentityAsync(request.Scope, request.Aborted) is { } standing)
        {
            if (location is not null && !Place.AreSame(location, standing.Location))
                throw Place.CannotMove("InvalidResourceLocation", "The managed identity", standing.Location, location);
            var changed = await principals.UpdateManagedIdentityAsync(request.Scope, body.Tags(), request.Caller, request.Aborted);
            await request.WriteAsync(200, json => Write(json, changed ?? standing, request.Installation));
            return;
        }

        var group = await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Aborted)
            ?? throw ManagementException.GroupNotFound(request["group"]);
        var wanted = new NewManagedIdentity(
            request.Installation.SubscriptionId, group.Name, request["identity"], location ?? group.Location, body.Tags() ?? "{}", Guid.CreateVersion7(time.GetUtcNow()).ToString());
        var made = await principals.CreateManagedIdentityAsync(wanted, request.Caller, request.Aborted);
        if (made.Record is not { } identity) throw ManagementException.GroupNotFound(request["group"]);
        await request.WriteAsync(made.Outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, identity, request.Installation));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        var isGone = await principals.FindManagedIdentityAsync(request.Scope, request.Aborted) is { } identity
            && await principals.DeletePrincipalAsync(identity.Principal.Id, request.Caller, request.Aborted);
        await request.WriteEmptyAsync(isGone ? 200 : 204);
    }

    private static void Write(Utf8JsonWriter json, ManagedIdentityRecord identity, InstallationRecord installation)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Identity(identity));
        json.WriteString("name"u8, identity.Name);
        json.WriteString("type"u8, Type);
        json.WriteString("location"u8, identity.Location);
        json.WritePropertyName("tags"u8);
        json.WriteRawValue(identity.Tags);
        json.WriteStartObject("properties"u8);
        json.WriteString("tenantId"u8, installation.TenantId);
        json.WriteString("principalId"u8, identity.Principal.ObjectId);
        json.WriteString("clientId"u8, identity.Principal.ClientId);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{2,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdentityName();
}
