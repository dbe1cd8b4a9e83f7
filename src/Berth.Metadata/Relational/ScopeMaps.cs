namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string ScopeMapColumns = "id, registry_id, name, description, actions, system_defined, created_at";

    private static readonly Sql FindScopeMap = new($"SELECT {ScopeMapColumns} FROM scope_maps WHERE registry_id = ?1 AND name = ?2");

    private static readonly Sql ScopeMapNamesLike = new("""
        SELECT name FROM scope_maps INDEXED BY scope_maps_by_key WHERE registry_id = ?1 AND lower(name) = ?2
        """);

    private static readonly Sql ListScopeMaps = new($"""
        SELECT {ScopeMapColumns} FROM scope_maps WHERE registry_id = ?1 AND name > ?2 ORDER BY name LIMIT ?3
        """);

    private static readonly Sql UpsertScopeMap = new("""
        INSERT INTO scope_maps (registry_id, name, description, actions, system_defined, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
        ON CONFLICT (registry_id, name) DO UPDATE SET description = excluded.description, actions = excluded.actions,
            system_defined = excluded.system_defined, updated_at = excluded.updated_at
        """);

    private static readonly Sql DeleteScopeMap = new("DELETE FROM scope_maps WHERE id = ?1");

    private static readonly Sql AnyTokenOfScopeMap = new("SELECT 1 FROM registry_tokens WHERE scope_map_id = ?1 LIMIT 1");

    /// <inheritdoc/>
    public ValueTask<ScopeMapRecord?> FindScopeMapAsync(long registryId, string name, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, name), static (reader, of) => ReadScopeMap(reader, of.registryId, of.name)?.ScopeMap, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ScopeMapRecord>> ListScopeMapsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListScopeMaps).Bind(list.registryId).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadScopeMap, static scopeMap => scopeMap.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<ScopeMapRecord>> PutScopeMapAsync(ScopeMapRecord scopeMap, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, scopeMap.RegistryId) is null) return new CreateResult<ScopeMapRecord>(CreateOutcome.Unknown, null);

            var standing = ReadScopeMap(scope.Session, scopeMap.RegistryId, scopeMap.Name)?.ScopeMap;
            var wanted = standing is null ? scopeMap : scopeMap with { Name = standing.Name };
            return new CreateResult<ScopeMapRecord>(standing is null ? CreateOutcome.Created : CreateOutcome.Updated, WriteScopeMap(scope, standing, wanted, caller));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<ScopeMapRecord>> UpdateScopeMapAsync(
        long registryId, string name, string? description, IReadOnlyList<string>? actions, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, registryId) is null || ReadScopeMap(scope.Session, registryId, name)?.ScopeMap is not { } standing)
                return new CreateResult<ScopeMapRecord>(CreateOutcome.Unknown, null);

            var wanted = standing with { Description = description ?? standing.Description, Actions = actions ?? standing.Actions };
            return new CreateResult<ScopeMapRecord>(CreateOutcome.Updated, WriteScopeMap(scope, standing, wanted, caller));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<DeleteOutcome> DeleteScopeMapAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadScopeMap(scope.Session, registryId, name) is not { } standing) return DeleteOutcome.Unknown;
            if (IsInUse(scope, standing.Id)) return DeleteOutcome.Held;

            scope.Use(DeleteScopeMap).Bind(standing.Id).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.ScopeMapDeleted, registryId, Payload: JsonText.Facts(("scopeMap", standing.ScopeMap.Name))), caller);
            return DeleteOutcome.Deleted;
        },
        cancellationToken);

    private static ScopeMapRecord WriteScopeMap(WriteScope scope, ScopeMapRecord? standing, ScopeMapRecord wanted, Caller caller)
    {
        if (standing is not null && MeansTheSame(standing, wanted)) return standing;

        scope.Use(UpsertScopeMap).Bind(wanted.RegistryId).Bind(wanted.Name).Bind(wanted.Description).Bind(JsonText.Array(wanted.Actions)).Bind(wanted.SystemDefined)
            .Bind(scope.Now).Tell();
        if (standing is not null) RaiseRegistry(scope, wanted.RegistryId);
        scope.Append(new LedgerEntry(LedgerKinds.ScopeMapSet, wanted.RegistryId, Payload: JsonText.Facts(("scopeMap", wanted.Name))), caller);
        return ReadScopeMap(scope.Session, wanted.RegistryId, wanted.Name)!.Value.ScopeMap;
    }

    private static bool IsInUse(WriteScope scope, long scopeMapId)
    {
        using var row = scope.Use(AnyTokenOfScopeMap).Bind(scopeMapId);
        return row.Step();
    }

    private static bool MeansTheSame(ScopeMapRecord one, ScopeMapRecord other) =>
        one.Description == other.Description && one.SystemDefined == other.SystemDefined && one.Actions.SequenceEqual(other.Actions);

    private static (long Id, ScopeMapRecord ScopeMap)? ReadScopeMap(Session session, long registryId, string name)
    {
        if (StandingName(session, ScopeMapNamesLike, registryId, name) is not { } standing) return null;
        using var row = session.Use(FindScopeMap).Bind(registryId).Bind(standing);
        return row.Step() ? (row.Int64(0), ReadScopeMap(row)) : null;
    }

    private static ScopeMapRecord ReadScopeMap(Statement row) => new(row.Int64(1), row.Text(2), row.Text(3), JsonText.Words(row.Text(4)), row.Bool(5))
    {
        CreatedAt = row.Time(6),
    };
}
