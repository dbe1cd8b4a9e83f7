using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string RegistryColumns = """
        r.id, r.name, r.epoch + (SELECT security_epoch FROM installation), r.subscription_id, r.resource_group, r.location, r.sku, r.tags,
        r.admin_user_enabled, r.anonymous_pull_enabled, r.role_assignment_mode, r.properties, r.created_at, r.updated_at,
        r.soft_delete, r.soft_delete_days, r.soft_delete_set_at, r.retention, r.retention_days, r.retention_set_at, r.quarantine_pushes
        """;

    private static readonly Sql FindRegistry = new($"SELECT {RegistryColumns} FROM registries r WHERE r.name = ?1 AND r.deleted_at IS NULL");

    private static readonly Sql FindRegistryById = new($"SELECT {RegistryColumns} FROM registries r WHERE r.id = ?1 AND r.deleted_at IS NULL");

    private static readonly Sql FindRegistryByScope = new($"SELECT {RegistryColumns} FROM registries r WHERE r.scope = ?1");

    private static readonly Sql ListRegistries = new($"""
        SELECT {RegistryColumns} FROM registries r WHERE r.scope > ?1 AND r.scope < ?2 ORDER BY r.scope LIMIT ?3
        """);

    private static readonly Sql InsertRegistry = Sql.Insert("""
        INSERT INTO registries (
            name, scope, subscription_id, resource_group, location, sku, tags, admin_user_enabled, anonymous_pull_enabled, role_assignment_mode, properties,
            epoch, created_at, updated_at, soft_delete, soft_delete_days, soft_delete_set_at, retention, retention_days, retention_set_at,
            quarantine_pushes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
        """);

    private static readonly Sql UpdateRegistry = new("""
        UPDATE registries SET sku = ?2, tags = ?3, admin_user_enabled = ?4, anonymous_pull_enabled = ?5, role_assignment_mode = ?6, properties = ?7,
            epoch = epoch + ?8, updated_at = ?9, soft_delete = ?10, soft_delete_days = ?11, soft_delete_set_at = ?12, retention = ?13, retention_days = ?14,
            retention_set_at = ?15, quarantine_pushes = ?16
        WHERE id = ?1
        """);

    private static readonly Sql MarkRegistryDeleted = new("""
        UPDATE registries SET name = name || '~' || id, scope = NULL, epoch = epoch + 1, updated_at = ?2, deleted_at = ?2, purge_after = ?3
        WHERE id = ?1
        """);

    // Their names are those of tokens that a registry of the freed name may get.
    private static readonly Sql RetirePrincipalsOfRegistry = new("""
        UPDATE principals SET name = name || '~' || registry_id, enabled = 0, retired_enabled = enabled, epoch = epoch + 1, updated_at = ?2 WHERE registry_id = ?1
        """);

    private static readonly Sql ReadAnonymousAccess = new("""
        SELECT r.anonymous_pull_enabled, COALESCE((SELECT p.anonymous_pull FROM repositories p WHERE p.registry_id = r.id AND p.name = ?2), 0),
            r.epoch + (SELECT security_epoch FROM installation)
        FROM registries r WHERE r.id = ?1 AND r.deleted_at IS NULL
        """);

    private static readonly Sql SetAnonymousPull = new("UPDATE repositories SET anonymous_pull = ?2 WHERE id = ?1 AND anonymous_pull <> ?2");

    /// <inheritdoc/>
    public ValueTask<RegistryRecord?> FindRegistryAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(name, static (reader, name) => ReadRegistry(reader, FindRegistry, name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RegistryRecord?> FindRegistryByIdAsync(long id, CancellationToken cancellationToken) =>
        ReadAsync(id, static (reader, id) => ReadRegistry(reader, id), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RegistryRecord>> ListRegistriesAsync(ResourceScope scope, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Range: ScopeRange.Below(scope).After(after), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListRegistries).Bind(list.Range.From).Bind(list.Range.Until).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadRegistry, static registry => registry.Scope.Value);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RegistryRecord>> CreateRegistryAsync(NewRegistry registry, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadResourceGroup(scope.Session, registry.SubscriptionId, registry.ResourceGroup) is not { } group)
                return new CreateResult<RegistryRecord>(CreateOutcome.Unknown, null);

            var resource = ResourceScope.OfRegistry(registry.SubscriptionId, registry.ResourceGroup, registry.Name);
            var standing = ReadRegistry(scope.Session, FindRegistry, registry.Name) ?? ReadRegistry(scope.Session, FindRegistryByScope, resource.Value);
            if (standing is not null) return new CreateResult<RegistryRecord>(CreateOutcome.Exists, standing);

            var id = InsertRegistryRow(scope, registry, group.Name);
            var attachments = PlanAttachments(scope.Session, id, registry.Settings.Attached);
            var facts = JsonText.Facts([("registry", registry.Name), ("scope", resource.Value), .. attachments.Facts.Select(fact => (fact.Name, (string?)fact.Value))]);
            scope.Append(new LedgerEntry(LedgerKinds.RegistryCreated, id, Payload: facts), caller);
            var made = ReadRegistry(scope.Session, id)!;
            if (registry.Settings.Identity == true) SetRegistryIdentity(scope, made, wanted: true, caller);
            SetAttachments(scope, id, attachments);
            return new CreateResult<RegistryRecord>(CreateOutcome.Created, made);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<RegistryRecord?> UpdateRegistryAsync(long id, RegistryChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope => ReadRegistry(scope.Session, id) is { } standing ? ChangeRegistry(scope, standing, changes, caller) : null, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteRegistryAsync(long id, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, id) is not { } standing) return false;
            RefuseIfLocked(scope, standing.Scope);

            // They would have an effect on the next registry of the name.
            DeleteAssignmentsAt(scope, standing.Scope, caller);
            SetRegistryIdentity(scope, standing, wanted: false, caller);
            scope.Use(DeleteAttachmentsOfRegistry).Bind(id).Tell();
            scope.Use(MarkRegistryDeleted).Bind(id).Bind(scope.Now).Bind(_time.GetUtcNow().AddDays(IDeletedRegistries.KeptDays)).Tell();
            scope.Use(RetirePrincipalsOfRegistry).Bind(id).Bind(scope.Now).Tell();
            var payload = JsonText.Facts(("registry", standing.Name), ("scope", standing.Scope.Value));
            scope.Append(new LedgerEntry(LedgerKinds.RegistryDeleted, id, Payload: payload), caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AnonymousAccess> ReadAnonymousAccessAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository),
            static (reader, of) =>
            {
                using var row = reader.Use(ReadAnonymousAccess).Bind(of.registryId).Bind(of.repository.Value);
                return row.Step() ? new AnonymousAccess(row.Bool(0), row.Bool(1), row.Int64(2)) : default;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetAnonymousPullAsync(
        long registryId, RepositoryName repository, bool enabled, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return false;
            if (scope.Use(SetAnonymousPull).Bind(row.Id).Bind(enabled).Execute() == 0) return true;

            RaiseRegistry(scope, registryId);
            var payload = JsonText.Facts(("anonymousPull", enabled ? "true" : "false"));
            scope.Append(new LedgerEntry(LedgerKinds.RepositoryChanged, registryId, repository.Value, Payload: payload), caller);
            return true;
        },
        cancellationToken);

    private static RegistryRecord Apply(RegistryRecord registry, RegistryChanges changes, DateTimeOffset now) => registry with
    {
        Sku = changes.Sku ?? registry.Sku,
        Tags = changes.Tags ?? registry.Tags,
        AdminUserEnabled = changes.AdminUserEnabled ?? registry.AdminUserEnabled,
        AnonymousPullEnabled = changes.AnonymousPullEnabled ?? registry.AnonymousPullEnabled,
        RoleAssignmentMode = changes.RoleAssignmentMode ?? registry.RoleAssignmentMode,
        Properties = changes.Properties?.To ?? registry.Properties,
        SoftDelete = registry.SoftDelete.Apply(changes.SoftDelete, now),
        Retention = registry.Retention.Apply(changes.Retention, now),
        QuarantinesPushes = changes.QuarantinesPushes ?? registry.QuarantinesPushes,
    };

    private static IEnumerable<(string Name, string Value)> FactsOf(string name, string days, DeletionPolicy before, DeletionPolicy after)
    {
        if (before.IsEnabled != after.IsEnabled) yield return StatusFact(name, after.IsEnabled);
        if (before.Days != after.Days) yield return ($"{name}.{days}", after.Days.ToString(CultureInfo.InvariantCulture));
    }

    private static (string Name, string Value) StatusFact(string name, bool isEnabled) => ($"{name}.status", isEnabled ? "enabled" : "disabled");

    private RegistryRecord ChangeRegistry(WriteScope scope, RegistryRecord standing, RegistryChanges changes, Caller caller)
    {
        if (changes.Properties is { } properties && properties.From != standing.Properties) return standing;

        var wanted = Apply(standing, changes, _time.GetUtcNow());
        var changesIdentity = changes.Identity is { } identity && identity != ReadRegistryIdentity(scope.Session, standing.Scope) is not null;
        var attachments = PlanAttachments(scope.Session, standing.Id, changes.Attached);
        if (wanted == standing && !changesIdentity && attachments.IsEmpty) return standing;

        IReadOnlyList<(string Name, string Value)> facts =
        [
            .. wanted.Properties != standing.Properties ? changes.Properties!.Facts : [],
            .. FactsOf("policies.softDeletePolicy", "retentionDays", standing.SoftDelete, wanted.SoftDelete),
            .. FactsOf("policies.retentionPolicy", "days", standing.Retention, wanted.Retention),
            .. wanted.QuarantinesPushes == standing.QuarantinesPushes ? [] : (IEnumerable<(string, string)>)[StatusFact("policies.quarantinePolicy", wanted.QuarantinesPushes)],
            .. attachments.Facts,
        ];
        string?[] changed =
        [
            wanted.AdminUserEnabled != standing.AdminUserEnabled ? "adminUserEnabled" : null,
            wanted.AnonymousPullEnabled != standing.AnonymousPullEnabled ? "anonymousPullEnabled" : null,
            wanted.RoleAssignmentMode != standing.RoleAssignmentMode ? "roleAssignmentMode" : null,
            wanted.Sku != standing.Sku ? "sku" : null,
            wanted.Tags != standing.Tags ? "tags" : null,
            changesIdentity ? "identity" : null,
            .. facts.Select(fact => fact.Name),
        ];
        var raises = wanted.Properties != standing.Properties || changed.Take(3).Any(change => change is not null);
        scope.Use(UpdateRegistry).Bind(standing.Id).Bind(wanted.Sku).Bind(wanted.Tags).Bind(wanted.AdminUserEnabled).Bind(wanted.AnonymousPullEnabled)
            .Bind((long)wanted.RoleAssignmentMode).Bind(wanted.Properties).Bind(raises).Bind(scope.Now)
            .Bind(wanted.SoftDelete.IsEnabled).Bind(wanted.SoftDelete.Days).Bind(wanted.SoftDelete.UpdatedAt)
            .Bind(wanted.Retention.IsEnabled).Bind(wanted.Retention.Days).Bind(wanted.Retention.UpdatedAt).Bind(wanted.QuarantinesPushes).Tell();
        var payload = JsonText.Facts(
            [("registry", standing.Name), ("changed", string.Join(',', changed.Where(change => change is not null))), .. facts.Select(fact => (fact.Name, (string?)fact.Value))]);
        scope.Append(new LedgerEntry(LedgerKinds.RegistryChanged, standing.Id, Payload: payload), caller);
        if (changesIdentity) SetRegistryIdentity(scope, standing, changes.Identity == true, caller);
        SetAttachments(scope, standing.Id, attachments);
        return ReadRegistry(scope.Session, standing.Id)!;
    }

    private long InsertRegistryRow(WriteScope scope, NewRegistry registry, string resourceGroup)
    {
        var made = Apply(new RegistryRecord(0, registry.Name, 1) { Sku = registry.Sku }, registry.Settings, _time.GetUtcNow());
        return scope.Use(InsertRegistry).Bind(registry.Name).Bind(ResourceScope.OfRegistry(registry.SubscriptionId, resourceGroup, registry.Name).Value)
            .Bind(registry.SubscriptionId).Bind(resourceGroup).Bind(registry.Location).Bind(made.Sku).Bind(made.Tags).Bind(made.AdminUserEnabled)
            .Bind(made.AnonymousPullEnabled).Bind((long)made.RoleAssignmentMode).Bind(made.Properties).Bind(scope.Now)
            .Bind(made.SoftDelete.IsEnabled).Bind(made.SoftDelete.Days).Bind(made.SoftDelete.UpdatedAt)
            .Bind(made.Retention.IsEnabled).Bind(made.Retention.Days).Bind(made.Retention.UpdatedAt).Bind(made.QuarantinesPushes).Insert();
    }

    private static RegistryRecord? ReadRegistry(Session session, Sql find, string key)
    {
        using var row = session.Use(find).Bind(key);
        return row.Step() ? ReadRegistry(row) : null;
    }

    private static RegistryRecord? ReadRegistry(Session session, long id)
    {
        using var row = session.Use(FindRegistryById).Bind(id);
        return row.Step() ? ReadRegistry(row) : null;
    }

    private static RegistryRecord ReadRegistry(Statement row) => new(row.Int64(0), row.Text(1), row.Int64(2))
    {
        SubscriptionId = row.Text(3),
        ResourceGroup = row.Text(4),
        Location = row.Text(5),
        Sku = row.Text(6),
        Tags = row.Text(7),
        AdminUserEnabled = row.Bool(8),
        AnonymousPullEnabled = row.Bool(9),
        RoleAssignmentMode = (RoleAssignmentMode)row.Int64(10),
        Properties = row.Text(11),
        CreatedAt = row.Time(12),
        UpdatedAt = row.Time(13),
        SoftDelete = new DeletionPolicy(row.Bool(14), (int)row.Int64(15), row.TimeOrNull(16)),
        Retention = new DeletionPolicy(row.Bool(17), (int)row.Int64(18), row.TimeOrNull(19)),
        QuarantinesPushes = row.Bool(20),
    };
}
