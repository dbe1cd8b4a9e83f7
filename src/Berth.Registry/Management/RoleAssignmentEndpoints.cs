using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Who has which role where.</summary>
internal sealed class RoleAssignmentEndpoints(RoleCatalog catalog, IRoles roles, IPrincipals principals, AssignmentPlaces places)
{
    private const string Path = "{scope}/providers/Microsoft.Authorization/roleAssignments";
    private const string Action = "Microsoft.Authorization/roleAssignments/";

    // Before this version an assignment has neither a condition nor a description: who speaks an older one must not take them away by leaving them out.
    private static readonly DateOnly FirstWithConditions = new(2020, 3, 1);

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<RoleAssignmentEndpoints>("role-assignments.list", "GET", Path, Action + "read", (e, r) => e.ListAsync(r)),
        ManagementRoute.Of<RoleAssignmentEndpoints>("role-assignments.get", "GET", Path + "/{assignment}", Action + "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<RoleAssignmentEndpoints>("role-assignments.put", "PUT", Path + "/{assignment}", Action + "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<RoleAssignmentEndpoints>("role-assignments.delete", "DELETE", Path + "/{assignment}", Action + "delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var filter = ListFilter.Parse(request.Query("$filter")).Only("atScope", "principalId", "assignedTo");
        var atScope = filter.Names.Contains("atScope", StringComparer.OrdinalIgnoreCase);
        if ((filter.ValueOf("assignedTo") ?? filter.ValueOf("principalId")) is not { } objectId)
        {
            await ListAtAsync(request, atScope);
            return;
        }

        var ids = await FindAssigneesAsync(objectId, withGroups: filter.ValueOf("assignedTo") is not null, request.Aborted);
        if (atScope)
        {
            var granted = ids.Count == 0 ? [] : await roles.FindGrantedRolesAsync(ids, request.Scope.SelfAndAbove(), request.Aborted);
            await request.WriteListAsync(granted.Select(g => g.Assignment), (json, a) => Write(json, a, request));
            return;
        }

        await ListOfAsync(request, ids);
    }

    // What holds the scope comes first, then what is within it; the key says in which of both the page ended.
    private async Task ListAtAsync(ManagementRequest request, bool atScope)
    {
        var after = request.After;
        try
        {
            if (after is null || after.StartsWith("above|", StringComparison.Ordinal))
            {
                var above = await roles.ListRoleAssignmentsAsync(request.Scope, ScopeReach.AtOrAbove, after?["above|".Length..], ManagementRequest.PageSize, request.Aborted);
                var next = above.More ? $"above|{above.Last}" : atScope ? null : "below|";
                await request.WriteListAsync(above.Items, (json, a) => Write(json, a, request), next);
                return;
            }

            var key = after.StartsWith("below|", StringComparison.Ordinal) ? after["below|".Length..] : throw new FormatException(after);
            var below = await roles.ListRoleAssignmentsAsync(
                request.Scope, ScopeReach.AtOrBelow, key.Length == 0 ? null : key, ManagementRequest.PageSize, request.Aborted);
            await request.WriteListAsync(
                below.Items.Where(a => a.Scope != request.Scope), (json, a) => Write(json, a, request), below.More ? $"below|{below.Last}" : null);
        }
        catch (FormatException)
        {
            throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
        }
    }

    private async Task ListOfAsync(ManagementRequest request, IReadOnlyList<long> ids)
    {
        // One principal after the other; the key says which one the page ended with.
        var (index, key) = request.After?.Split('|', 2) is [var first, var rest] && int.TryParse(first, out var at) ? (at, rest.Length == 0 ? null : rest) : (0, null);
        if (index < 0 || index >= ids.Count)
        {
            await request.WriteListAsync<RoleAssignmentRecord>([], (_, _) => { });
            return;
        }

        var page = await roles.ListRoleAssignmentsOfAsync(ids[index], key, ManagementRequest.PageSize, request.Aborted);
        var next = page.More ? $"{index}|{page.Last}" : index + 1 < ids.Count ? $"{index + 1}|" : null;
        await request.WriteListAsync(
            page.Items.Where(a => a.Scope.Contains(request.Scope) || request.Scope.Contains(a.Scope)), (json, a) => Write(json, a, request), next);
    }

    private async Task<IReadOnlyList<long>> FindAssigneesAsync(string objectId, bool withGroups, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(objectId, out var id) || await principals.FindPrincipalByObjectIdAsync(id.ToString(), cancellationToken) is not { } principal) return [];
        return withGroups ? [principal.Id, .. (await principals.ListGroupsAsync(principal.Id, cancellationToken)).Select(g => g.Id)] : [principal.Id];
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var assignment = await FindAsync(request) ?? throw NotFound(request);
        await request.WriteAsync(200, json => Write(json, assignment, request));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        var id = IdOf(request);
        var properties = (await request.ReadBodyAsync()).Only("id", "name", "type", "properties").Object("properties").Only(
            "roleDefinitionId", "principalId", "principalType", "description", "condition", "conditionVersion", "scope", "delegatedManagedIdentityResourceId",
            "canDelegate", "createdOn", "createdBy", "updatedOn", "updatedBy");
        var principal = await FindPrincipalAsync(properties, request.Aborted);
        var role = await FindRoleAsync(properties, request);
        var (condition, version) = ReadCondition(properties);
        var description = properties.Text("description");
        await places.RequireAsync(request.Scope, request.Installation, request.Aborted);
        if (request.Version.Date < FirstWithConditions && await FindAsync(request) is { } standing)
            (condition, version, description) = (standing.Condition, standing.ConditionVersion, standing.Description);

        var wanted = new RoleAssignmentRecord(id.ToString(), request.Scope, role.Id.ToString(), principal.Id)
        {
            NeedsDefinition = !role.IsBuiltIn,
            Condition = condition,
            ConditionVersion = version,
            Description = description,
        };
        var put = await roles.PutRoleAssignmentAsync(wanted, request.Caller, request.Aborted);
        switch (put.Outcome)
        {
            case CreateOutcome.Exists:
                throw new ManagementException(
                    409, "RoleAssignmentExists", $"The role assignment already exists: the principal has the role there, or the id is another assignment's. The ID of the existing one is '{put.Record?.Id}'.");
            case CreateOutcome.Unknown:
                // One of the two was deleted at this moment: what is missing is named.
                await FindRoleAsync(properties, request);
                throw PrincipalNotFound(properties.RequiredText("principalId"));
            default:
                await request.WriteAsync(put.Outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, put.Record!, request));
                break;
        }
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        if (await FindAsync(request) is not { } standing || await roles.DeleteRoleAssignmentAsync(standing.Id, request.Caller, request.Aborted) is null)
        {
            await request.WriteEmptyAsync(204);
            return;
        }

        await request.WriteAsync(200, json => Write(json, standing, request));
    }

    // One at another scope is not this one: the right that was looked for is not there.
    private async ValueTask<RoleAssignmentRecord?> FindAsync(ManagementRequest request) =>
        await roles.FindRoleAssignmentAsync(IdOf(request).ToString(), request.Aborted) is { } found && found.Scope == request.Scope ? found : null;

    private async Task<PrincipalRecord> FindPrincipalAsync(ResourceBody properties, CancellationToken cancellationToken)
    {
        var text = properties.RequiredText("principalId");
        var principal = Guid.TryParse(text, out var id) ? await principals.FindPrincipalByObjectIdAsync(id.ToString(), cancellationToken) : null;
        if (principal is null) throw PrincipalNotFound(text);
        var type = TypeOf(principal.Kind) ?? throw ManagementException.Bad(
            "UnsupportedPrincipalType", "A registry's token or admin user has no roles: a scope map says what a token may do.");
        if (properties.Text("principalType") is { } asked && !asked.Equals(type, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.Bad("UnmatchedPrincipalType", $"The principal '{text}' is of type '{type}', not '{ManagementException.Shorten(asked)}'.");
        return principal;
    }

    // What another subscription has under the GUID of a role here is another role.
    private static bool IsForeign(string id, InstallationRecord installation) =>
        id.StartsWith("/subscriptions/", StringComparison.OrdinalIgnoreCase)
        && !id.StartsWith($"{ScopeText.Subscription(installation.SubscriptionId)}/", StringComparison.OrdinalIgnoreCase);

    private async Task<RoleDescription> FindRoleAsync(ResourceBody properties, ManagementRequest request)
    {
        var text = properties.RequiredText("roleDefinitionId");
        var id = text[(text.LastIndexOf('/') + 1)..];
        var role = !IsForeign(text, request.Installation) && Guid.TryParse(id, out var guid) ? await catalog.FindAsync(guid, request.Aborted) : null;
        if (role is null)
        {
            throw ManagementException.Bad(
                "RoleDefinitionDoesNotExist", $"The specified role definition with ID '{ManagementException.Shorten(id)}' does not exist; list them (az role definition list).");
        }

        return role.AssignableScopes.Any(scope => ScopeText.Parse(scope).Contains(request.Scope))
            ? role
            : throw ManagementException.Bad("RoleDefinitionNotAssignable", $"The role '{role.Name}' may not be assigned here: this scope is within none of its assignable scopes.");
    }

    private static (string? Condition, string? Version) ReadCondition(ResourceBody properties)
    {
        var (condition, version) = (properties.Text("condition"), properties.Text("conditionVersion"));
        if (condition is null or "") return (null, null);
        if (version != RoleConditions.Version)
            throw ManagementException.Bad("InvalidConditionVersion", $"A condition needs 'properties.conditionVersion' '{RoleConditions.Version}'.");
        return RoleConditions.Check(condition) is { } error ? throw ManagementException.Bad("InvalidCondition", error) : (condition, version);
    }

    private static Guid IdOf(ManagementRequest request) => Guid.TryParse(request["assignment"], out var id)
        ? id
        : throw ManagementException.Bad("InvalidRoleAssignmentId", $"The role assignment ID '{ManagementException.Shorten(request["assignment"])}' is not valid. The role assignment ID must be a GUID.");

    private static ManagementException NotFound(ManagementRequest request) => new(
        404, "RoleAssignmentNotFound", $"The role assignment '{request["assignment"]}' is not found at this scope; list them (az role assignment list).");

    private static ManagementException PrincipalNotFound(string id) => ManagementException.Bad(
        "PrincipalNotFound", $"Principal {ManagementException.Shorten(id)} does not exist in the directory; give the object id of a user, a group, a service principal or a managed identity.");

    private static string? TypeOf(PrincipalKind kind) => kind switch
    {
        PrincipalKind.User => "User",
        PrincipalKind.Group => "Group",
        PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity => "ServicePrincipal",
        _ => null,
    };

    private static void Write(Utf8JsonWriter json, RoleAssignmentRecord assignment, ManagementRequest request)
    {
        var scope = ScopeText.Write(assignment.Scope);
        json.WriteStartObject();
        json.WriteString("id"u8, $"{scope.TrimEnd('/')}/providers/Microsoft.Authorization/roleAssignments/{assignment.Id}");
        json.WriteString("name"u8, assignment.Id);
        json.WriteString("type"u8, "Microsoft.Authorization/roleAssignments");
        json.WriteStartObject("properties"u8);
        json.WriteString("roleDefinitionId"u8, ScopeText.Role(request.Installation, assignment.RoleDefinitionId));
        json.WriteString("principalId"u8, assignment.PrincipalObjectId);
        json.WriteString("principalType"u8, TypeOf(assignment.PrincipalKind));
        json.WriteString("scope"u8, scope);
        json.WriteString("condition"u8, assignment.Condition);
        json.WriteString("conditionVersion"u8, assignment.ConditionVersion);
        json.WriteString("description"u8, assignment.Description);
        RoleDefinitionEndpoints.WriteAuthorship(json, assignment.Authorship);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
