namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string LockColumns = "l.scope, l.name, l.level, l.notes, l.created_at, l.created_by, l.updated_at, l.updated_by";

    private static readonly Sql FindLock = new($"SELECT {LockColumns} FROM resource_locks l WHERE l.scope = ?1 AND l.key = ?2");

    // The list is the caller's, the widest scope first: each is one seek.
    private static readonly Sql FindLockOver = new($"""
        SELECT {LockColumns} FROM json_each(?1) given_scope CROSS JOIN resource_locks l ON l.scope = given_scope.value WHERE l.level >= ?2 LIMIT 1
        """);

    private static readonly Sql ListLocks = new($"""
        SELECT {LockColumns} FROM resource_locks l WHERE (l.scope, l.key) > (?1, ?2) AND l.scope < ?3 ORDER BY l.scope, l.key LIMIT ?4
        """);

    private static readonly Sql CountLocks = new("SELECT count(*) FROM resource_locks WHERE scope = ?1");

    private static readonly Sql UpsertLock = new("""
        INSERT INTO resource_locks (scope, key, name, level, notes, created_at, created_by, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7)
        ON CONFLICT (scope, key) DO UPDATE SET level = excluded.level, notes = excluded.notes, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """);

    private static readonly Sql DeleteLock = new("DELETE FROM resource_locks WHERE scope = ?1 AND key = ?2");

    /// <inheritdoc/>
    public ValueTask<ResourceLockRecord?> FindResourceLockAsync(ResourceScope scope, string name, CancellationToken cancellationToken) =>
        ReadAsync((scope, name), static (reader, of) => ReadLock(reader, of.scope, of.name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ResourceLockRecord?> FindLockOverAsync(ResourceScope scope, ResourceLockLevel level, CancellationToken cancellationToken) =>
        ReadAsync((scope, level), static (reader, of) => ReadLockOver(reader, of.scope, of.level), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ResourceLockRecord>> ListResourceLocksAsync(
        ResourceScope scope, ScopeReach reach, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Ranges: ScopeRange.Reached(scope, reach), Key: after is null ? ["", ""] : PageKey.Parts(after, 2), limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                return ReadLocks(reader, list.Ranges, list.Key, list.limit);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<ResourceLockRecord>> PutResourceLockAsync(ResourceLockRecord wanted, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (!Stands(scope, wanted.Scope)) return new CreateResult<ResourceLockRecord>(CreateOutcome.Unknown, null);

            var standing = ReadLock(scope.Session, wanted.Scope, wanted.Name);
            if (standing is not null && (standing.Level, standing.Notes) == (wanted.Level, wanted.Notes))
                return new CreateResult<ResourceLockRecord>(CreateOutcome.Updated, standing);
            if (standing is null && CountLocksOf(scope, wanted.Scope) >= IResourceLocks.MostLocks)
                return new CreateResult<ResourceLockRecord>(CreateOutcome.TooMany, null);

            scope.Use(UpsertLock).Bind(wanted.Scope.Value).Bind(Key(wanted.Name)).Bind(wanted.Name).Bind((long)wanted.Level).Bind(wanted.Notes).Bind(scope.Now)
                .Bind(caller.Name).Tell();
            var stored = ReadLock(scope.Session, wanted.Scope, wanted.Name)!;
            scope.Append(new LedgerEntry(LedgerKinds.ResourceLockSet, Payload: Facts(stored)), caller);
            return new CreateResult<ResourceLockRecord>(standing is null ? CreateOutcome.Created : CreateOutcome.Updated, stored);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<ResourceLockRecord?> DeleteResourceLockAsync(ResourceScope scope, string name, Caller caller, CancellationToken cancellationToken)
    {
        var resource = scope;
        return RelieveAsync(
            scope =>
            {
                if (ReadLock(scope.Session, resource, name) is not { } standing) return null;

                scope.Use(DeleteLock).Bind(resource.Value).Bind(Key(name)).Tell();
                scope.Append(new LedgerEntry(LedgerKinds.ResourceLockDeleted, Payload: Facts(standing)), caller);
                return standing;
            },
            cancellationToken);
    }

    /// <summary>The name of a lock, at a registry or above it, that forbids its deletion; null when there is none. What clean-ups delete is what the registry is for.</summary>
    internal static string? FindLockOfRegistry(Session session, long registryId) =>
        ReadRegistry(session, registryId) is { } registry ? ReadLockOver(session, registry.Scope, ResourceLockLevel.CanNotDelete)?.Name : null;

    /// <summary>Refuses the deletion of a resource that a lock forbids: one at it, above it, or at something below that would go with it.</summary>
    /// <exception cref="ResourceLockedException">There is one.</exception>
    private static void RefuseIfLocked(WriteScope scope, ResourceScope resource)
    {
        if (ReadLockOver(scope.Session, resource, ResourceLockLevel.CanNotDelete) is { } above) throw new ResourceLockedException(above);
        if (ReadLocks(scope.Session, [ScopeRange.Below(resource)], ["", ""], 1).Items is [var below, ..]) throw new ResourceLockedException(below);
    }

    private static bool Stands(WriteScope scope, ResourceScope resource)
    {
        if (resource == ResourceScope.OfSubscription(ReadInstallation(scope.Session)!.SubscriptionId)) return true;
        return ReadResourceGroup(scope.Session, resource) is not null || ReadRegistry(scope.Session, FindRegistryByScope, resource.Value) is not null
            || ReadIdentity(scope.Session, resource) is not null;
    }

    private static long CountLocksOf(WriteScope scope, ResourceScope resource)
    {
        using var row = scope.Use(CountLocks).Bind(resource.Value);
        return row.OnlyInt64();
    }

    private static Page<ResourceLockRecord> ReadLocks(Session session, IReadOnlyList<ScopeRange> ranges, IReadOnlyList<string> after, int limit)
    {
        var locks = new List<ResourceLockRecord>();
        foreach (var range in ranges)
        {
            // No lock has an empty name, so that the start of a range takes in all of its first scope.
            var (from, key) = string.CompareOrdinal(after[0], range.From) >= 0 ? (after[0], after[1]) : (range.From, "");
            if (string.CompareOrdinal(from, range.Until) >= 0) continue;

            using var rows = session.Use(ListLocks).Bind(from).Bind(key).Bind(range.Until).Bind(limit - locks.Count + 1L);
            while (rows.Step())
            {
                if (locks.Count == limit) return new Page<ResourceLockRecord>(locks, More: true, PageKey.Of(locks[^1].Scope.Value, Key(locks[^1].Name)));
                locks.Add(ReadLock(rows));
            }
        }

        return new Page<ResourceLockRecord>(locks, More: false, null);
    }

    private static ResourceLockRecord? ReadLock(Session session, ResourceScope resource, string name)
    {
        using var row = session.Use(FindLock).Bind(resource.Value).Bind(Key(name));
        return row.Step() ? ReadLock(row) : null;
    }

    private static ResourceLockRecord? ReadLockOver(Session session, ResourceScope resource, ResourceLockLevel level)
    {
        using var row = session.Use(FindLockOver).Bind(JsonText.Array(resource.SelfAndAbove().Select(scope => scope.Value))).Bind((long)level);
        return row.Step() ? ReadLock(row) : null;
    }

    private static ResourceLockRecord ReadLock(Statement row) => new(
        ResourceScope.Parse(row.Text(0)), row.Text(1), (ResourceLockLevel)row.Int64(2), row.TextOrNull(3))
    {
        Authorship = new Authorship(row.Time(4), row.Text(5), row.Time(6), row.Text(7)),
    };

    private static string Facts(ResourceLockRecord held) => JsonText.Facts(("scope", held.Scope.Value), ("lock", held.Name), ("level", held.Level.ToString()));
}
