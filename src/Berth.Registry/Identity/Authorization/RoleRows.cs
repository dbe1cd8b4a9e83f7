using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Identity.Authorization;

/// <summary>Reads roles and assignments from their rows.</summary>
public static class RoleRows
{
    /// <summary>The assignment, or null for one that gives nothing: its role is gone, or its condition cannot be read.</summary>
    public static RoleAssignment? Read(GrantedRole granted)
    {
        var row = granted.Assignment;
        if (!Guid.TryParse(row.RoleDefinitionId, out var id)) return null;
        var role = BuiltInRoles.Find(id) ?? (granted.Permissions is { } permissions ? Read(id, granted.RoleName, permissions) : null);
        if (role is null) return null;

        RoleCondition? condition = null;
        if (row.Condition is { Length: > 0 } text && !RoleCondition.TryParse(text, out condition, out _)) return null;
        return new RoleAssignment(row.Id, row.Scope.Value, role, condition);
    }

    /// <summary>A role that operators defined.</summary>
    public static RoleDefinition Read(RoleDefinitionRecord row)
    {
        using var scopes = JsonDocument.Parse(row.AssignableScopes);
        return new(Guid.Parse(row.Id), row.Name, row.Description, IsBuiltIn: false, Strings(scopes.RootElement), ReadPermissions(row.Permissions));
    }

    /// <summary>The blocks of a role: a JSON array of objects with lists of patterns, as ARM has them; a list that is missing is empty.</summary>
    public static IReadOnlyList<RolePermissions> ReadPermissions(string json)
    {
        using var blocks = JsonDocument.Parse(json);
        return
        [
            .. blocks.RootElement.EnumerateArray().Select(block => new RolePermissions(
                Strings(block, "actions"), Strings(block, "notActions"), Strings(block, "dataActions"), Strings(block, "notDataActions"))),
        ];
    }

    private static RoleDefinition Read(Guid id, string? name, string permissions) => new(id, name ?? id.ToString(), "", IsBuiltIn: false, ["/"], ReadPermissions(permissions));

    private static IReadOnlyList<string> Strings(JsonElement block, string name) => block.TryGetProperty(name, out var list) ? Strings(list) : [];

    private static IReadOnlyList<string> Strings(JsonElement list) =>
        list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : [];
}
