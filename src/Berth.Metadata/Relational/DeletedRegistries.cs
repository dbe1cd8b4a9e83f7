using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string DeletedColumns = "r.id, r.name, r.subscription_id, r.resource_group, r.location, r.sku, r.deleted_at, r.purge_after";

    private static readonly Sql FindDeletedByKey = new($"""
        SELECT {DeletedColumns} FROM registries r WHERE r.name = ?1 AND +r.purge_after IS NOT NULL AND r.purging = 0
        """);

    private static readonly Sql FindDeleted = new($"SELECT {DeletedColumns} FROM registries r WHERE r.id = ?1 AND COALESCE(r.purge_after, 0) > ?2 AND r.purging = 0");

    private static readonly Sql ListDeleted = new($"""
        SELECT {DeletedColumns} FROM registries r INDEXED BY registries_deleted
        WHERE r.purge_after IS NOT NULL AND r.purging = 0 AND r.id > ?1 ORDER BY r.id LIMIT ?2
        """);

    // As many as were deleted within the time, few of which are due.
    private static readonly Sql ListDue = new("""
        SELECT id, name FROM registries INDEXED BY registries_deleted WHERE purge_after IS NOT NULL AND purging = 0 AND purge_after <= ?1 LIMIT ?2
        """);

    private static readonly Sql ListPurging = new("""
        SELECT id FROM registries INDEXED BY registries_deleted WHERE purge_after IS NOT NULL AND purging = 1 AND id > ?1 ORDER BY id LIMIT ?2
        """);

    private static readonly Sql RestoreRegistry = new("""
        UPDATE registries SET name = ?2, scope = ?3, resource_group = ?4, epoch = epoch + 1, updated_at = ?5, deleted_at = NULL, purge_after = NULL WHERE id = ?1
        """);

    // Their names get back what stands between the registry's own and what was put behind when it was deleted.
    private static readonly Sql RestorePrincipalsOfRegistry = new("""
        UPDATE principals SET
            name = ?2 || substr(name, instr(name, '/'), length(name) - length('~' || registry_id) - instr(name, '/') + 1),
            display_name = CASE kind WHEN 'adminUser' THEN ?2 ELSE display_name END,
            enabled = CASE kind WHEN 'adminUser' THEN 1 ELSE COALESCE(retired_enabled, 0) END,
            retired_enabled = NULL, epoch = epoch + 1, updated_at = ?3
        WHERE registry_id = ?1
        """);

    private static readonly Sql SetPurging = new("UPDATE registries SET purging = 1 WHERE id = ?1 AND +purge_after IS NOT NULL AND purging = 0");

    private static readonly Sql DeleteFactsOfRegistry = new("DELETE FROM security_facts WHERE registry_id = ?1");

    private static readonly Sql IsPurging = new("SELECT 1 FROM registries WHERE id = ?1 AND purging = 1");

    private static readonly Sql[] Unlock =
    [
        new("UPDATE repositories SET locks = 0 WHERE registry_id = ?1 AND name = ?2 AND locks <> 0"),
        new("UPDATE manifests SET locks = 0 WHERE repository_id = (SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2) AND (locks & 3) <> 0"),
        new("UPDATE tags SET locks = 0 WHERE repository_id = (SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2) AND (locks & 3) <> 0"),
    ];

    private static readonly Sql ListPrincipalsOfRegistry = new($"SELECT {PrincipalColumns} FROM principals p WHERE p.registry_id = ?1 LIMIT ?2");

    private static readonly Sql DeleteScopeMapsOfRegistry = new("""
        DELETE FROM scope_maps WHERE id IN (SELECT id FROM scope_maps WHERE registry_id = ?1 LIMIT ?2)
        """);

    private static readonly Sql EndPurge = new("""
        UPDATE registries SET purging = 0, purge_after = NULL
        WHERE id = ?1 AND purging = 1 AND NOT EXISTS (SELECT 1 FROM repositories WHERE registry_id = ?1 AND listed = 1)
            AND NOT EXISTS (SELECT 1 FROM repositories WHERE registry_id = ?1 AND deleted_at IS NOT NULL)
        """);

    /// <inheritdoc/>
    public ValueTask<DeletedRegistryRecord?> FindDeletedRegistryAsync(string key, CancellationToken cancellationToken) => ReadAsync(
        key,
        static (reader, key) =>
        {
            using var row = reader.Use(FindDeletedByKey).Bind(key);
            return row.Step() ? ReadDeleted(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<DeletedRegistryRecord>> ListDeletedRegistriesAsync(string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Row: PageKey.Row(after), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListDeleted).Bind(list.Row).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadDeleted, static deleted => deleted.Id.ToString(CultureInfo.InvariantCulture));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RegistryRecord>> RecoverRegistryAsync(long id, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadDeleted(scope, id) is not { } deleted) return new CreateResult<RegistryRecord>(CreateOutcome.Unknown, null);
            if (ReadResourceGroup(scope.Session, deleted.SubscriptionId, deleted.ResourceGroup) is not { } group)
                return new CreateResult<RegistryRecord>(CreateOutcome.Held, null);

            var resource = ResourceScope.OfRegistry(deleted.SubscriptionId, group.Name, name);
            var standing = ReadRegistry(scope.Session, FindRegistry, name) ?? ReadRegistry(scope.Session, FindRegistryByScope, resource.Value);
            if (standing is not null) return new CreateResult<RegistryRecord>(CreateOutcome.Exists, standing);

            scope.Use(RestoreRegistry).Bind(id).Bind(name).Bind(resource.Value).Bind(group.Name).Bind(scope.Now).Tell();
            scope.Use(RestorePrincipalsOfRegistry).Bind(id).Bind(name).Bind(scope.Now).Tell();
            var payload = JsonText.Facts(("registry", name), ("scope", resource.Value), ("deleted", deleted.Key));
            scope.Append(new LedgerEntry(LedgerKinds.RegistryRecovered, id, Payload: payload), caller);
            return new CreateResult<RegistryRecord>(CreateOutcome.Created, ReadRegistry(scope.Session, id));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> BeginPurgeAsync(long id, Caller caller, CancellationToken cancellationToken) =>
        RelieveAsync(scope => ReadDeleted(scope, id) is { } deleted && BeginPurge(scope, id, deleted.Key, caller), cancellationToken);

    /// <inheritdoc/>
    public Task<int> BeginDuePurgesAsync(int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            List<(long Id, string Key)> due = [];
            using (var rows = scope.Use(ListDue).Bind(scope.Now).Bind((long)limit))
            {
                while (rows.Step()) due.Add((rows.Int64(0), rows.Text(1)));
            }

            return due.Count(registry => BeginPurge(scope, registry.Id, registry.Key, Caller.System));
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<long>> ListPurgingAsync(long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync<(long After, int Limit), IReadOnlyList<long>>(
            (after, limit),
            static (reader, list) =>
            {
                List<long> ids = [];
                using var rows = reader.Use(ListPurging).Bind(list.After).Bind((long)list.Limit);
                while (rows.Step()) ids.Add(rows.Int64(0));
                return ids;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UnlockForPurgeAsync(long id, RepositoryName repository, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            using (var row = scope.Use(IsPurging).Bind(id))
            {
                if (!row.Step()) return false;
            }

            foreach (var unlock in Unlock) scope.Use(unlock).Bind(id).Bind(repository.Value).Tell();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PurgeAccountsStepAsync(long id, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            List<PrincipalRecord> accounts = [];
            using (var rows = scope.Use(ListPrincipalsOfRegistry).Bind(id).Bind((long)limit))
            {
                while (rows.Step()) accounts.Add(ReadPrincipal(rows, 0));
            }

            foreach (var account in accounts) DeletePrincipalRows(scope, account, Caller.System);
            return accounts.Count > 0 || scope.Use(DeleteScopeMapsOfRegistry).Bind(id).Bind((long)limit).Execute() > 0
                || scope.Use(ForgetRepositoryHistories).Bind(id).Bind((long)limit).Execute() > 0;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> EndPurgeAsync(long id, CancellationToken cancellationToken) =>
        RelieveAsync(
            scope =>
            {
                if (scope.Use(EndPurge).Bind(id).Execute() == 0) return false;
                scope.Use(ForgetSamples).Bind(id).Bind(long.MaxValue).Tell();
                return true;
            },
            cancellationToken);

    private static bool BeginPurge(WriteScope scope, long id, string key, Caller caller)
    {
        if (scope.Use(SetPurging).Bind(id).Execute() == 0) return false;

        scope.Use(DeleteTagRulesOfRegistry).Bind(id).Tell();
        scope.Use(DeleteFactsOfRegistry).Bind(id).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.RegistryPurged, id, Payload: JsonText.Facts(("deleted", key))), caller);
        return true;
    }

    // One whose time is over is nobody's to bring back, whether or not its deletion has begun.
    private static DeletedRegistryRecord? ReadDeleted(WriteScope scope, long id)
    {
        using var row = scope.Use(FindDeleted).Bind(id).Bind(scope.Now);
        return row.Step() ? ReadDeleted(row) : null;
    }

    private static DeletedRegistryRecord ReadDeleted(Statement row) =>
        new(row.Int64(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Time(6), row.Time(7));
}
