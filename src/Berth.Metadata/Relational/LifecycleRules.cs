namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string RuleColumns = "l.registry_id, l.name, l.body, l.enabled, l.next_at, l.created_at, l.created_by, l.updated_at, l.updated_by";

    private static readonly Sql FindRule = new($"SELECT {RuleColumns} FROM lifecycle_rules l WHERE l.registry_id = ?1 AND l.name = ?2");

    private static readonly Sql ListRules = new($"SELECT {RuleColumns} FROM lifecycle_rules l WHERE l.registry_id = ?1 ORDER BY l.name LIMIT ?2");

    private static readonly Sql CountRules = new("SELECT count(*) FROM (SELECT 1 FROM lifecycle_rules WHERE registry_id = ?1 AND name <> ?2 LIMIT ?3) known");

    private static readonly Sql PutRule = new("""
        INSERT INTO lifecycle_rules (registry_id, name, body, enabled, next_at, created_at, created_by, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7)
        ON CONFLICT (registry_id, name) DO UPDATE SET body = excluded.body, enabled = excluded.enabled, next_at = excluded.next_at, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        """);

    private static readonly Sql DeleteRule = new("DELETE FROM lifecycle_rules WHERE registry_id = ?1 AND name = ?2");

    private static readonly Sql ListDueRules = new($"""
        SELECT {RuleColumns} FROM lifecycle_rules l INDEXED BY lifecycle_rules_due CROSS JOIN registries r ON r.id = l.registry_id AND r.deleted_at IS NULL
        WHERE l.next_at <= ?1 AND l.enabled = 1 ORDER BY l.next_at LIMIT ?2
        """);

    private static readonly Sql SetRuleNext = new("""
        UPDATE lifecycle_rules SET next_at = ?4 WHERE registry_id = ?1 AND name = ?2 AND updated_at = ?3 AND enabled = 1 AND COALESCE(next_at <= ?5, FALSE)
        """);

    private static readonly Sql AnyOpenRun = new("""
        SELECT id FROM lifecycle_plans INDEXED BY lifecycle_plans_open WHERE registry_id = ?1 AND state < 3 AND kind = 2 LIMIT 1
        """);

    private static readonly Sql DeleteRulesOfRegistry = new("""
        DELETE FROM lifecycle_rules WHERE registry_id = ?1 AND name IN (SELECT name FROM lifecycle_rules WHERE registry_id = ?1 ORDER BY name LIMIT ?2)
        """);

    /// <inheritdoc/>
    public ValueTask<LifecycleRuleRecord?> FindLifecycleRuleAsync(long registryId, string name, CancellationToken cancellationToken) => ReadAsync(
        (registryId, name),
        static (reader, of) =>
        {
            using var row = reader.Use(FindRule).Bind(of.registryId).Bind(of.name);
            return row.Step() ? ReadRule(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LifecycleRuleRecord>> ListLifecycleRulesAsync(long registryId, CancellationToken cancellationToken) =>
        ReadAsync<long, IReadOnlyList<LifecycleRuleRecord>>(
            registryId, static (reader, registryId) => ReadRules(reader.Use(ListRules).Bind(registryId).Bind((long)ILifecycleRules.MostRules)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LifecycleRuleRecord>> ListDueLifecycleRulesAsync(int limit, CancellationToken cancellationToken) =>
        ReadAsync<(DateTimeOffset Now, int limit), IReadOnlyList<LifecycleRuleRecord>>(
            (_time.GetUtcNow(), limit), static (reader, due) => ReadRules(reader.Use(ListDueRules).Bind(due.Now).Bind((long)due.limit)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PutLifecycleRuleAsync(LifecycleRuleRecord rule, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            using (var count = scope.Use(CountRules).Bind(rule.RegistryId).Bind(rule.Name).Bind((long)ILifecycleRules.MostRules))
            {
                if (count.OnlyInt64() >= ILifecycleRules.MostRules) return false;
            }

            scope.Use(PutRule).Bind(rule.RegistryId).Bind(rule.Name).Bind(rule.Body).Bind(rule.IsEnabled).Bind(rule.NextAt).Bind(scope.Now).Bind(caller.Name).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.LifecycleRuleSet, rule.RegistryId, Payload: RulePayload(rule.Name, rule.Body)), caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteLifecycleRuleAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DeleteRule).Bind(registryId).Bind(name).Execute() == 0) return false;
            scope.Append(new LedgerEntry(LedgerKinds.LifecycleRuleDeleted, registryId, Payload: RulePayload(name, null)), caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<long?> BeginDueRunAsync(
        NewLifecyclePlan plan, IReadOnlyList<(LifecycleRuleRecord Rule, DateTimeOffset? NextAt)> due, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (Exists(scope, AnyOpenRun, plan.RegistryId)) return null;
            foreach (var (rule, next) in due)
            {
                var changed = scope.Use(SetRuleNext).Bind(rule.RegistryId).Bind(rule.Name).Bind(rule.UpdatedAt).Bind(next).Bind(scope.Now).Execute();
                if (changed == 0) return (long?)null;
            }

            return InsertPlan(scope, plan, Caller.System);
        },
        cancellationToken);

    private static string RulePayload(string name, string? body) => JsonText.Facts(("rule", name), ("body", body));

    private static List<LifecycleRuleRecord> ReadRules(Statement found)
    {
        using var rows = found;
        var rules = new List<LifecycleRuleRecord>();
        while (rows.Step()) rules.Add(ReadRule(rows));
        return rules;
    }

    private static LifecycleRuleRecord ReadRule(Statement row) => new(row.Int64(0), row.Text(1), row.Text(2), row.Bool(3), row.TimeOrNull(4))
    {
        CreatedAt = row.Time(5),
        CreatedBy = row.Text(6),
        UpdatedAt = row.Time(7),
        UpdatedBy = row.Text(8),
    };
}
