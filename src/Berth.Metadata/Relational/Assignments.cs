using System.Globalization;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string AssignmentColumns = """
        a.id, a.scope, a.role_definition_id, a.principal_id, a.principal_kind, p.object_id, a.condition, a.condition_version, a.description,
        a.created_at, a.created_by, a.updated_at, a.updated_by
        """;

    private const int AssignmentColumnCount = 13;

    private static readonly Sql FindAssignment = new($"""
        SELECT {AssignmentColumns} FROM role_assignments a CROSS JOIN principals p ON p.id = a.principal_id WHERE a.id = ?1
        """);

    private static readonly Sql FindSameAssignment = new($"""
        SELECT {AssignmentColumns} FROM role_assignments a CROSS JOIN principals p ON p.id = a.principal_id
        WHERE a.principal_id = ?1 AND a.scope = ?2 AND a.role_definition_id = ?3
        """);

    private static readonly Sql ListAssignments = new($"""
        SELECT {AssignmentColumns} FROM role_assignments a CROSS JOIN principals p ON p.id = a.principal_id
        WHERE (a.scope, a.id) > (?1, ?2) AND a.scope < ?3 ORDER BY a.scope, a.id LIMIT ?4
        """);

    private static readonly Sql ListAssignmentsOf = new($"""
        SELECT {AssignmentColumns} FROM role_assignments a CROSS JOIN principals p ON p.id = a.principal_id
        WHERE a.principal_id = ?1 AND (a.scope, a.role_definition_id) > (?2, ?3) ORDER BY a.scope, a.role_definition_id LIMIT ?4
        """);

    // Both lists are the caller's: every pair is one seek.
    private static readonly Sql FindGrantedRoles = new($"""
        SELECT {AssignmentColumns}, d.permissions, d.name FROM json_each(?1) given_id CROSS JOIN json_each(?2) given_scope
        CROSS JOIN role_assignments a ON a.principal_id = CAST(given_id.value AS BIGINT) AND a.scope = given_scope.value
        CROSS JOIN principals p ON p.id = a.principal_id
        LEFT JOIN role_definitions d ON d.id = a.role_definition_id
        """);

    private static readonly Sql InsertAssignment = new("""
        INSERT INTO role_assignments (
            id, scope, role_definition_id, principal_id, principal_kind, condition, condition_version, description, created_at, created_by, updated_at, updated_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9, ?10)
        """);

    private static readonly Sql UpdateAssignment = new("""
        UPDATE role_assignments SET condition = ?2, condition_version = ?3, description = ?4, updated_at = ?5, updated_by = ?6 WHERE id = ?1
        """);

    private static readonly Sql DeleteAssignment = new("DELETE FROM role_assignments WHERE id = ?1");

    /// <inheritdoc/>
    public ValueTask<RoleAssignmentRecord?> FindRoleAssignmentAsync(string id, CancellationToken cancellationToken) =>
        ReadAsync(id, static (reader, id) => ReadAssignment(reader, id.ToLowerInvariant()), cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RoleAssignmentRecord>> PutRoleAssignmentAsync(
        RoleAssignmentRecord assignment, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var (id, role) = (assignment.Id.ToLowerInvariant(), assignment.RoleDefinitionId.ToLowerInvariant());
            if (ReadPrincipal(scope.Session, assignment.PrincipalId) is not { } principal)
                return new CreateResult<RoleAssignmentRecord>(CreateOutcome.Unknown, null);

            if (assignment.NeedsDefinition && ReadRole(scope.Session, FindRole, role) is null)
                return new CreateResult<RoleAssignmentRecord>(CreateOutcome.Unknown, null);

            var named = ReadAssignment(scope.Session, id);
            var same = ReadSameAssignment(scope, assignment.PrincipalId, assignment.Scope, role);
            if ((named ?? same) is not { } standing)
            {
                scope.Use(InsertAssignment).Bind(id).Bind(assignment.Scope.Value).Bind(role).Bind(principal.Id).Bind(Stored(principal.Kind))
                    .Bind(assignment.Condition).Bind(assignment.ConditionVersion).Bind(assignment.Description).Bind(scope.Now).Bind(caller.Name).Tell();
                return Set(CreateOutcome.Created);
            }

            if (named != same) return new CreateResult<RoleAssignmentRecord>(CreateOutcome.Exists, standing);
            if ((assignment.Condition, assignment.ConditionVersion, assignment.Description) == (standing.Condition, standing.ConditionVersion, standing.Description))
                return new CreateResult<RoleAssignmentRecord>(CreateOutcome.Updated, standing);

            scope.Use(UpdateAssignment).Bind(id).Bind(assignment.Condition).Bind(assignment.ConditionVersion).Bind(assignment.Description).Bind(scope.Now)
                .Bind(caller.Name).Tell();
            return Set(CreateOutcome.Updated);

            CreateResult<RoleAssignmentRecord> Set(CreateOutcome outcome)
            {
                var stored = ReadAssignment(scope.Session, id)!;
                RaiseRegistriesOf(scope, stored.Scope);
                scope.Append(new LedgerEntry(LedgerKinds.AssignmentSet, Payload: Facts(stored)), caller);
                return new CreateResult<RoleAssignmentRecord>(outcome, stored);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<RoleAssignmentRecord?> DeleteRoleAssignmentAsync(string id, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadAssignment(scope.Session, id.ToLowerInvariant()) is not { } standing) return null;

            DeleteAssignmentRow(scope, standing, caller);
            return standing;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RoleAssignmentRecord>> ListRoleAssignmentsAsync(
        ResourceScope scope, ScopeReach reach, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Ranges: ScopeRange.Reached(scope, reach), Key: after is null ? ["", ""] : PageKey.Parts(after, 2), limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                return ReadAssignments(reader, list.Ranges, list.Key, list.limit);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RoleAssignmentRecord>> ListRoleAssignmentsOfAsync(
        long principalId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (principalId, Key: after is null ? ["", ""] : PageKey.Parts(after, 2), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListAssignmentsOf).Bind(list.principalId).Bind(list.Key[0]).Bind(list.Key[1]).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadAssignment, static of => PageKey.Of(of.Scope.Value, of.RoleDefinitionId));
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<GrantedRole>> FindGrantedRolesAsync(
        IReadOnlyCollection<long> principalIds, IReadOnlyCollection<ResourceScope> scopes, CancellationToken cancellationToken) =>
        ReadAsync<(IReadOnlyCollection<long> Ids, IReadOnlyCollection<ResourceScope> Scopes), IReadOnlyList<GrantedRole>>(
            (principalIds, scopes),
            static (reader, asked) =>
            {
                var granted = new List<GrantedRole>();
                var ids = $"[{string.Join(',', asked.Ids.Select(id => id.ToString(CultureInfo.InvariantCulture)))}]";
                using var rows = reader.Use(FindGrantedRoles).Bind(ids).Bind(JsonText.Array(asked.Scopes.Select(scope => scope.Value)));
                while (rows.Step())
                    granted.Add(new GrantedRole(ReadAssignment(rows), rows.TextOrNull(AssignmentColumnCount)) { RoleName = rows.TextOrNull(AssignmentColumnCount + 1) });
                return granted;
            },
            cancellationToken);

    /// <summary>Deletes every assignment at a resource and below.</summary>
    private static void DeleteAssignmentsAt(WriteScope scope, ResourceScope resource, Caller caller) =>
        DeleteAssignments(scope, ReadAssignments(scope.Session, ScopeRange.Reached(resource, ScopeReach.AtOrBelow), ["", ""], int.MaxValue).Items, caller);

    /// <summary>Deletes every assignment of a principal.</summary>
    private static void DeleteAssignmentsOf(WriteScope scope, long principalId, Caller caller)
    {
        List<RoleAssignmentRecord> assignments = [];
        using (var rows = scope.Use(ListAssignmentsOf).Bind(principalId).Bind("").Bind("").Bind(long.MaxValue))
        {
            while (rows.Step()) assignments.Add(ReadAssignment(rows));
        }

        DeleteAssignments(scope, assignments, caller);
    }

    private static void DeleteAssignments(WriteScope scope, IReadOnlyList<RoleAssignmentRecord> assignments, Caller caller)
    {
        foreach (var assignment in assignments) DeleteAssignmentRow(scope, assignment, caller);
    }

    private static void DeleteAssignmentRow(WriteScope scope, RoleAssignmentRecord assignment, Caller caller)
    {
        scope.Use(DeleteAssignment).Bind(assignment.Id).Tell();
        RaiseRegistriesOf(scope, assignment.Scope);
        scope.Append(new LedgerEntry(LedgerKinds.AssignmentDeleted, Payload: Facts(assignment)), caller);
    }

    private static Page<RoleAssignmentRecord> ReadAssignments(Session session, IReadOnlyList<ScopeRange> ranges, IReadOnlyList<string> after, int limit)
    {
        var assignments = new List<RoleAssignmentRecord>();
        foreach (var range in ranges)
        {
            // A scope is never followed by an empty id, so that the start of a range takes in all of its first scope.
            var (from, id) = string.CompareOrdinal(after[0], range.From) >= 0 ? (after[0], after[1]) : (range.From, "");
            if (string.CompareOrdinal(from, range.Until) >= 0) continue;

            using var rows = session.Use(ListAssignments).Bind(from).Bind(id).Bind(range.Until).Bind(limit - assignments.Count + 1L);
            while (rows.Step())
            {
                if (assignments.Count == limit)
                    return new Page<RoleAssignmentRecord>(assignments, More: true, PageKey.Of(assignments[^1].Scope.Value, assignments[^1].Id));
                assignments.Add(ReadAssignment(rows));
            }
        }

        return new Page<RoleAssignmentRecord>(assignments, More: false, null);
    }

    private static RoleAssignmentRecord? ReadSameAssignment(WriteScope scope, long principalId, ResourceScope resource, string role)
    {
        using var row = scope.Use(FindSameAssignment).Bind(principalId).Bind(resource.Value).Bind(role);
        return row.Step() ? ReadAssignment(row) : null;
    }

    private static RoleAssignmentRecord? ReadAssignment(Session session, string id)
    {
        using var row = session.Use(FindAssignment).Bind(id);
        return row.Step() ? ReadAssignment(row) : null;
    }

    private static RoleAssignmentRecord ReadAssignment(Statement row) => new(row.Text(0), ResourceScope.Parse(row.Text(1)), row.Text(2), row.Int64(3))
    {
        PrincipalKind = KindOf(row.Text(4)),
        PrincipalObjectId = row.Text(5),
        Condition = row.TextOrNull(6),
        ConditionVersion = row.TextOrNull(7),
        Description = row.TextOrNull(8),
        Authorship = new Authorship(row.Time(9), row.Text(10), row.Time(11), row.Text(12)),
    };

    private static string Facts(RoleAssignmentRecord assignment) => JsonText.Facts(
        ("assignment", assignment.Id), ("scope", assignment.Scope.Value), ("role", assignment.RoleDefinitionId),
        ("principalObjectId", assignment.PrincipalObjectId), ("condition", assignment.Condition));
}
