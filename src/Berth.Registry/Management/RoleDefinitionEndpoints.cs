using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Roles: those that come with the product, and those that operators define.</summary>
internal sealed class RoleDefinitionEndpoints(RoleCatalog catalog, IRoles roles, Authorizer authorizer)
{
    private const string Path = "{scope}/providers/Microsoft.Authorization/roleDefinitions";
    private const string Action = "Microsoft.Authorization/roleDefinitions/";
    private const int MaxPatterns = 1_000;
    private const int MaxScopes = 100;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<RoleDefinitionEndpoints>("role-definitions.list", "GET", Path, Action + "read", (e, r) => e.ListAsync(r)),
        ManagementRoute.Of<RoleDefinitionEndpoints>("role-definitions.get", "GET", Path + "/{role}", Action + "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<RoleDefinitionEndpoints>("role-definitions.put", "PUT", Path + "/{role}", Action + "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<RoleDefinitionEndpoints>("role-definitions.delete", "DELETE", Path + "/{role}", Action + "delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var filter = ListFilter.Parse(request.Query("$filter")).Only("roleName", "type", "atScopeAndBelow", "atScope");
        var (name, type, after) = (filter.ValueOf("roleName"), filter.ValueOf("type"), request.After);
        var custom = await catalog.ListCustomAsync(after, ManagementRequest.PageSize, request.Aborted);
        var all = (after is null ? RoleCatalog.BuiltIn : []).Concat(custom.Items);
        var asked = all.Where(role => IsSeenAt(request.Scope, role) && (name is null || role.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            && (type is null || TypeOf(role).Equals(type, StringComparison.OrdinalIgnoreCase)));
        await request.WriteListAsync(asked, (json, role) => Write(json, role, request.Installation), custom.More ? custom.Last : null);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        if (await catalog.FindAsync(IdOf(request), request.Aborted) is not { } role || !IsSeenAt(request.Scope, role)) throw NotFound(request);
        await request.WriteAsync(200, json => Write(json, role, request.Installation));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        var id = IdOf(request);
        if (RoleCatalog.IsBuiltIn(id)) throw BuiltIn(id);
        var properties = (await request.ReadBodyAsync()).Only("id", "name", "type", "properties").Object("properties")
            .Only("roleName", "description", "type", "assignableScopes", "permissions", "createdOn", "createdBy", "updatedOn", "updatedBy");
        if (properties.Text("type") is { } type && !type.Equals("CustomRole", StringComparison.OrdinalIgnoreCase))
            throw ManagementException.Bad("InvalidRoleDefinition", "'properties.type' may only be 'CustomRole'.");
        var name = properties.RequiredText("roleName");
        if (name.Length > 512) throw ManagementException.Bad("InvalidRoleDefinition", "A role's name has at most 512 characters.");
        if (RoleCatalog.IsBuiltIn(name))
            throw new ManagementException(409, "RoleDefinitionWithSameNameExists", $"A role that comes with the product has the name '{name}'; choose another.");

        var scopes = ReadScopes(properties, request.Installation);
        await RequireRightAsync(request, scopes);
        if (await catalog.FindAsync(id, request.Aborted) is { } standing) await RequireRightAsync(request, [.. standing.AssignableScopes.Select(ScopeText.Parse)]);

        var wanted = new RoleDefinitionRecord(
            id.ToString(), name, properties.Text("description") ?? "", WriteText(json => WriteTexts(json, scopes.Select(ScopeText.Write))),
            WriteText(json => WriteBlocks(json, ReadBlocks(properties))));
        var put = await roles.PutRoleDefinitionAsync(wanted, request.Caller, request.Aborted);
        if (put.Outcome == CreateOutcome.Exists)
            throw new ManagementException(409, "RoleDefinitionWithSameNameExists", $"The role '{put.Record!.Id}' has the name '{name}' already; choose another.");
        if (put.Outcome == CreateOutcome.Held)
            throw new ManagementException(409, "RoleDefinitionHasAssignments", $"The role '{put.Record!.Name}' is assigned outside these scopes; delete those assignments first.");
        await request.WriteAsync(201, json => Write(json, RoleCatalog.Describe(put.Record!), request.Installation));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        var id = IdOf(request);
        if (RoleCatalog.IsBuiltIn(id)) throw BuiltIn(id);
        if (await catalog.FindAsync(id, request.Aborted) is not { } standing)
        {
            await request.WriteEmptyAsync(204);
            return;
        }

        await RequireRightAsync(request, [.. standing.AssignableScopes.Select(ScopeText.Parse)]);
        if (await roles.DeleteRoleDefinitionAsync(id.ToString(), request.Caller, request.Aborted) == DeleteOutcome.Held)
            throw new ManagementException(409, "RoleDefinitionHasAssignments", $"The role '{standing.Name}' is assigned; delete its assignments first.");
        await request.WriteAsync(200, json => Write(json, standing, request.Installation));
    }

    // A role has its effect wherever it is assigned: who may define roles at one registry may not give rights at another by it.
    private async Task RequireRightAsync(ManagementRequest request, IReadOnlyCollection<ResourceScope> scopes)
    {
        var rights = await authorizer.FindControlRightsAsync(request.Principal, scopes, request.Aborted);
        foreach (var scope in scopes)
        {
            if (!rights.May(scope, request.Route.Action)) throw ManagementEndpoints.Forbidden(request.Principal, request.Route.Action, scope);
        }
    }

    private static List<ResourceScope> ReadScopes(ResourceBody properties, InstallationRecord installation)
    {
        var scopes = properties.Texts("assignableScopes")?.Select(ScopeText.Parse).Distinct().ToList() ?? [];
        var own = ResourceScope.OfSubscription(installation.SubscriptionId);
        foreach (var foreign in scopes.Where(scope => scope != ResourceScope.Root && !own.Contains(scope)))
            throw ManagementException.Bad("InvalidRoleDefinition", $"'properties.assignableScopes' holds '{ManagementException.Shorten(foreign.Value)}', which is not of this installation's subscription.");
        if (scopes.Count is 0 or > MaxScopes)
            throw ManagementException.Bad("InvalidRoleDefinition", $"'properties.assignableScopes' holds 1 to {MaxScopes} scopes, such as '{ScopeText.Subscription(installation.SubscriptionId)}'.");
        return scopes;
    }

    private static List<RoleBlock> ReadBlocks(ResourceBody properties)
    {
        var blocks = new List<RoleBlock>();
        foreach (var block in properties.Objects("permissions") ?? [])
        {
            block.Only("actions", "notActions", "dataActions", "notDataActions", "condition", "conditionVersion");
            if (block.Text("condition") is not null || block.Text("conditionVersion") is not null)
                throw ManagementException.Bad("InvalidRoleDefinition", "A role's permissions have no condition; put it on the assignment.");
            blocks.Add(new RoleBlock(block.Texts("actions") ?? [], block.Texts("notActions") ?? [], block.Texts("dataActions") ?? [], block.Texts("notDataActions") ?? []));
        }

        var patterns = blocks.SelectMany(b => (IEnumerable<string>)[.. b.Actions, .. b.NotActions, .. b.DataActions, .. b.NotDataActions]).ToList();
        if (patterns.Count is 0 or > MaxPatterns) throw ManagementException.Bad("InvalidRoleDefinition", $"'properties.permissions' holds 1 to {MaxPatterns} actions.");
        if (patterns.Find(pattern => pattern.Length is 0 or > 300 || pattern.Any(c => c is <= ' ' or > '~')) is { } bad)
            throw ManagementException.Bad("InvalidActionOrNotAction", $"'{ManagementException.Shorten(bad)}' is no action, such as Microsoft.ContainerRegistry/registries/pull/read.");
        return blocks;
    }

    private static Guid IdOf(ManagementRequest request) => Guid.TryParse(request["role"], out var id)
        ? id
        : throw ManagementException.Bad("BadRequestFormat", $"A role's id is a GUID, not '{ManagementException.Shorten(request["role"])}'.");

    private static ManagementException NotFound(ManagementRequest request) => new(
        404, "RoleDefinitionDoesNotExist", $"The specified role definition with ID '{ManagementException.Shorten(request["role"])}' does not exist; list them (az role definition list).");

    private static ManagementException BuiltIn(Guid id) =>
        ManagementException.Bad("RoleDefinitionCannotBeChanged", $"The role '{id}' comes with the product and cannot be changed; define one of your own beside it.");

    // The right was looked for at one scope: a role that is for others alone is theirs to know of.
    private static bool IsSeenAt(ResourceScope scope, RoleDescription role) =>
        role.IsBuiltIn || role.AssignableScopes.Select(ScopeText.Parse).Any(place => place.Contains(scope) || scope.Contains(place));

    private static string TypeOf(RoleDescription role) => role.IsBuiltIn ? "BuiltInRole" : "CustomRole";

    private static string WriteText(Action<Utf8JsonWriter> write)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text)) write(json);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    private static void WriteTexts(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        json.WriteStartArray();
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteBlocks(Utf8JsonWriter json, IReadOnlyList<RoleBlock> blocks)
    {
        json.WriteStartArray();
        foreach (var block in blocks)
        {
            json.WriteStartObject();
            json.WritePropertyName("actions"u8);
            WriteTexts(json, block.Actions);
            json.WritePropertyName("notActions"u8);
            WriteTexts(json, block.NotActions);
            json.WritePropertyName("dataActions"u8);
            WriteTexts(json, block.DataActions);
            json.WritePropertyName("notDataActions"u8);
            WriteTexts(json, block.NotDataActions);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, RoleDescription role, InstallationRecord installation)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Role(installation, role.Id.ToString()));
        json.WriteString("name"u8, role.Id.ToString());
        json.WriteString("type"u8, "Microsoft.Authorization/roleDefinitions");
        json.WriteStartObject("properties"u8);
        json.WriteString("roleName"u8, role.Name);
        json.WriteString("type"u8, TypeOf(role));
        json.WriteString("description"u8, role.Description);
        json.WritePropertyName("assignableScopes"u8);
        WriteTexts(json, role.AssignableScopes);
        json.WritePropertyName("permissions"u8);
        WriteBlocks(json, role.Blocks);
        if (role.Authorship is { } authorship) WriteAuthorship(json, authorship);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes who made and changed something.</summary>
    public static void WriteAuthorship(Utf8JsonWriter json, Authorship authorship)
    {
        json.WriteString("createdOn"u8, authorship.CreatedAt);
        json.WriteString("createdBy"u8, authorship.CreatedBy);
        json.WriteString("updatedOn"u8, authorship.UpdatedAt);
        json.WriteString("updatedBy"u8, authorship.UpdatedBy);
    }
}
