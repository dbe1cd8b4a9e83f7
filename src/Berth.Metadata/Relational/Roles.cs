using System.Text.Json;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string RoleColumns = "id, name, description, assignable_scopes, permissions, created_at, created_by, updated_at, updated_by";

    private static readonly Sql FindRole = new($"SELECT {RoleColumns} FROM role_definitions WHERE id = ?1");

    private static readonly Sql FindRoleByName = new($"SELECT {RoleColumns} FROM role_definitions WHERE name = ?1");

    private static readonly Sql ListRoles = new($"SELECT {RoleColumns} FROM role_definitions WHERE name > ?1 ORDER BY name LIMIT ?2");

    private static readonly Sql UpsertRole = new("""
        INSERT INTO role_definitions (id, name, description, assignable_scopes, permissions, created_at, created_by, updated_at, updated_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, assignable_scopes = excluded.assignable_scopes,
            permissions = excluded.permissions, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """);

    private static readonly Sql DeleteRole = new("DELETE FROM role_definitions WHERE id = ?1");

    private static readonly Sql ListScopesOfRole = new("SELECT scope FROM role_assignments WHERE role_definition_id = ?1");

    private static readonly Sql AnyAssignmentOfRole = new("SELECT 1 FROM role_assignments WHERE role_definition_id = ?1 LIMIT 1");

    /// <inheritdoc/>
    public ValueTask<RoleDefinitionRecord?> FindRoleDefinitionAsync(string id, CancellationToken cancellationToken) =>
        ReadAsync(id, static (reader, id) => ReadRole(reader, FindRole, id.ToLowerInvariant()), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RoleDefinitionRecord>> ListRoleDefinitionsAsync(string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListRoles).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadRole, static role => role.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RoleDefinitionRecord>> PutRoleDefinitionAsync(
        RoleDefinitionRecord definition, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var id = definition.Id.ToLowerInvariant();
            if (ReadRole(scope.Session, FindRoleByName, definition.Name) is { } named && named.Id != id)
                return new CreateResult<RoleDefinitionRecord>(CreateOutcome.Exists, named);

            var standing = ReadRole(scope.Session, FindRole, id);
            if (standing is not null && standing == definition with { Id = id, Authorship = standing.Authorship })
                return new CreateResult<RoleDefinitionRecord>(CreateOutcome.Updated, standing);

            if (standing is not null && IsAssignedOutside(scope, id, definition.AssignableScopes))
                return new CreateResult<RoleDefinitionRecord>(CreateOutcome.Held, standing);

            scope.Use(UpsertRole).Bind(id).Bind(definition.Name).Bind(definition.Description).Bind(definition.AssignableScopes).Bind(definition.Permissions)
                .Bind(scope.Now).Bind(caller.Name).Tell();
            RaiseEveryRegistry(scope);
            scope.Append(new LedgerEntry(LedgerKinds.RoleSet, Payload: JsonText.Facts(("role", definition.Name), ("id", id))), caller);
            return new CreateResult<RoleDefinitionRecord>(
                standing is null ? CreateOutcome.Created : CreateOutcome.Updated, ReadRole(scope.Session, FindRole, id));
        },
        cancellationToken);

    // An assignment must not outlive its scope's part in the role: whoever may change the role where it remains would change it there, too.
    private static bool IsAssignedOutside(WriteScope scope, string id, string assignableScopes)
    {
        using var list = JsonDocument.Parse(assignableScopes);
        var assignable = list.RootElement.EnumerateArray().Select(one => ResourceScope.Parse(one.GetString()!)).ToArray();
        using var rows = scope.Use(ListScopesOfRole).Bind(id);
        while (rows.Step())
        {
            var assigned = ResourceScope.Parse(rows.Text(0));
            if (!assignable.Any(one => one.Contains(assigned))) return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public Task<DeleteOutcome> DeleteRoleDefinitionAsync(string id, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRole(scope.Session, FindRole, id.ToLowerInvariant()) is not { } standing) return DeleteOutcome.Unknown;
            if (IsAssigned(scope, standing.Id)) return DeleteOutcome.Held;

            scope.Use(DeleteRole).Bind(standing.Id).Tell();
            RaiseEveryRegistry(scope);
            scope.Append(new LedgerEntry(LedgerKinds.RoleDeleted, Payload: JsonText.Facts(("role", standing.Name), ("id", standing.Id))), caller);
            return DeleteOutcome.Deleted;
        },
        cancellationToken);

    private static bool IsAssigned(WriteScope scope, string roleDefinitionId)
    {
        using var row = scope.Use(AnyAssignmentOfRole).Bind(roleDefinitionId);
        return row.Step();
    }

    private static RoleDefinitionRecord? ReadRole(Session session, Sql find, string key)
    {
        using var row = session.Use(find).Bind(key);
        return row.Step() ? ReadRole(row) : null;
    }

    private static RoleDefinitionRecord ReadRole(Statement row) => new(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4))
    {
        Authorship = new Authorship(row.Time(5), row.Text(6), row.Time(7), row.Text(8)),
    };
}
