using System.Globalization;

namespace Berth.Metadata.Relational;

/// <summary>Plans of lifecycle rules, and who works on them.</summary>
public sealed partial class RelationalMetadataStore
{
    private const string PlanColumns = """
        id, registry_id, kind, rules, preview_id, max_difference, cause, state, message, tags, manifests, kept, bytes, added, done, skipped, created_at, created_by, started_at,
        ended_at
        """;

    private const long Run = 2;

    // A process that ended is taken for dead after this time; what it was doing goes on then.
    private static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(1);

    private static readonly Sql InsertPlanRow = Sql.Insert("""
        INSERT INTO lifecycle_plans (registry_id, kind, state, rules, preview_id, max_difference, cause, created_at, created_by) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8)
        """);

    private static readonly Sql CountOpenPlans = new("""
        SELECT count(*) FROM (SELECT 1 FROM lifecycle_plans INDEXED BY lifecycle_plans_open WHERE registry_id = ?1 AND state < 3 LIMIT ?2) known
        """);

    private static readonly Sql FindPlan = new($"SELECT {PlanColumns} FROM lifecycle_plans WHERE id = ?2 AND registry_id = ?1");

    private static readonly Sql ListPlans = new($"""
        SELECT {PlanColumns} FROM lifecycle_plans INDEXED BY lifecycle_plans_by_registry WHERE registry_id = ?1 AND kind = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4
        """);

    private static readonly Sql FindOpenPlan = new($"""
        SELECT {PlanColumns} FROM lifecycle_plans INDEXED BY lifecycle_plans_open WHERE registry_id = ?1 AND id > ?2 AND state < 3 ORDER BY id LIMIT 1
        """);

    private static readonly Sql NextOpenRegistry = new("""
        SELECT p.registry_id FROM lifecycle_plans p INDEXED BY lifecycle_plans_open CROSS JOIN registries r ON r.id = p.registry_id AND r.deleted_at IS NULL
        WHERE p.registry_id > ?1 AND p.state < 3 ORDER BY p.registry_id LIMIT 1
        """);

    private static readonly Sql TakeLease = new("""
        INSERT INTO leases (name, holder, fence, expires_at) VALUES (?1, ?2, 1, ?3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, expires_at = excluded.expires_at
            WHERE leases.expires_at <= ?4 OR leases.holder = excluded.holder
        RETURNING fence
        """);

    private static readonly Sql RenewLease = new("UPDATE leases SET expires_at = ?3 WHERE name = ?1 AND fence = ?2");

    private static readonly Sql SetPlanState = new("""
        UPDATE lifecycle_plans SET state = CAST(?2 AS BIGINT), message = ?3, ended_at = CASE WHEN CAST(?2 AS BIGINT) >= 3 THEN CAST(?4 AS BIGINT) END WHERE id = ?1 AND +state < 3
        """);

    private static readonly Sql StartPlan = new("""
        UPDATE lifecycle_plans SET state = 1, tags = 0, manifests = 0, kept = 0, bytes = 0, added = 0, done = 0, skipped = 0, message = NULL, started_at = ?2
        WHERE id = ?1 AND +state < 2
        """);

    private static readonly Sql ReadCounts = new("SELECT registry_id, kind, tags, manifests, kept, done, skipped, cause FROM lifecycle_plans WHERE id = ?1");

    /// <inheritdoc/>
    public Task<long?> CreateLifecyclePlanAsync(NewLifecyclePlan plan, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            using (var open = scope.Use(CountOpenPlans).Bind(plan.RegistryId).Bind((long)ILifecyclePlans.MostOpen))
            {
                if (open.OnlyInt64() >= ILifecyclePlans.MostOpen) return (long?)null;
            }

            return plan.IsRun && Exists(scope, AnyOpenRun, plan.RegistryId) ? null : InsertPlan(scope, plan, caller);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LifecyclePlanRecord?> FindLifecyclePlanAsync(long registryId, long id, CancellationToken cancellationToken) => ReadAsync(
        (registryId, id), static (reader, of) => ReadPlan(reader.Use(FindPlan).Bind(of.registryId).Bind(of.id)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LifecyclePlanRecord?> FindOpenLifecyclePlanAsync(long registryId, long after, CancellationToken cancellationToken) => ReadAsync(
        (registryId, after), static (reader, of) => ReadPlan(reader.Use(FindOpenPlan).Bind(of.registryId).Bind(of.after)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<LifecyclePlanRecord>> ListLifecyclePlansAsync(long registryId, bool runs, long? before, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, runs, before, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListPlans).Bind(list.registryId).Bind(list.runs ? Run : 1).Bind(list.before ?? long.MaxValue).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, PlanOf, static plan => plan.Id.ToString(CultureInfo.InvariantCulture));
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<long>> ListOpenLifecycleRegistriesAsync(int limit, CancellationToken cancellationToken) =>
        ReadAsync<int, IReadOnlyList<long>>(
            limit,
            static (reader, limit) =>
            {
                var registries = new List<long>();
                while (registries.Count < limit)
                {
                    using var row = reader.Use(NextOpenRegistry).Bind(registries.Count == 0 ? 0 : registries[^1]);
                    if (!row.Step()) break;
                    registries.Add(row.Int64(0));
                }

                return registries;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<LifecycleLease?> LeaseLifecycleAsync(long registryId, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            using var row = scope.Use(TakeLease).Bind(LeaseName(registryId)).Bind(_node).Bind(_time.GetUtcNow() + LeaseTime).Bind(scope.Now);
            return row.Step() ? new LifecycleLease(registryId, row.Int64(0)) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseLifecycleAsync(LifecycleLease lease, CancellationToken cancellationToken) => RelieveAsync(
        scope => scope.Use(RenewLease).Bind(LeaseName(lease.RegistryId)).Bind(lease.Fence).Bind(0L).Execute(), cancellationToken);

    /// <inheritdoc/>
    public Task<LifecycleItemKey?> BeginLifecyclePlanAsync(LifecycleLease lease, long planId, LifecycleItemKey after, CancellationToken cancellationToken) =>
        RelieveAsync<LifecycleItemKey?>(
            scope =>
            {
                Hold(scope, lease);
                if (after == LifecycleItemKey.Start)
                {
                    if (scope.Use(DeleteKeptItems).Bind(planId).Bind((long)ILifecyclePlans.LargestPage).Execute() > 0) return after;

                    // Counted from nothing: a process that ended in the middle of this leaves figures that the next one begins anew.
                    scope.Use(StartPlan).Bind(planId).Bind(scope.Now).Tell();
                }

                return TakeBackItems(scope, planId, after);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task SetLifecycleStateAsync(LifecycleLease lease, long planId, LifecyclePlanState state, string? message, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            Hold(scope, lease);
            if (scope.Use(SetPlanState).Bind(planId).Bind((long)state).Bind(message).Bind(scope.Now).Execute() == 0 || state < LifecyclePlanState.Done) return true;
            RecordEnd(scope, lease.RegistryId, planId, state);
            return true;
        },
        cancellationToken);

    private static void RecordEnd(WriteScope scope, long registryId, long planId, LifecyclePlanState state)
    {
        string payload;
        using (var row = scope.Use(ReadCounts).Bind(planId))
        {
            if (!row.Step() || row.Int64(1) != Run) return;
            payload = JsonText.Facts(
                ("run", Number(planId)), ("state", state.ToString().ToLowerInvariant()), ("cause", row.Text(7)), ("tags", Number(row.Int64(2))),
                ("manifests", Number(row.Int64(3))), ("kept", Number(row.Int64(4))), ("done", Number(row.Int64(5))), ("skipped", Number(row.Int64(6))));
        }

        scope.Append(new LedgerEntry(LedgerKinds.LifecycleRunEnded, registryId, Payload: payload), Caller.System);
    }

    private static long InsertPlan(WriteScope scope, NewLifecyclePlan plan, Caller caller)
    {
        var id = scope.Use(InsertPlanRow).Bind(plan.RegistryId).Bind(plan.IsRun ? Run : 1).Bind(plan.Rules).Bind(plan.PreviewId).Bind(plan.MaxDifference)
            .Bind(plan.Cause).Bind(scope.Now).Bind(caller.Name).Insert();
        if (!plan.IsRun) return id;
        var payload = JsonText.Facts(("run", Number(id)), ("cause", plan.Cause), ("preview", plan.PreviewId is { } preview ? Number(preview) : null), ("rules", plan.Rules));
        scope.Append(new LedgerEntry(LedgerKinds.LifecycleRunStarted, plan.RegistryId, Payload: payload), caller);
        return id;
    }

    /// <summary>Checks that the right to work on a registry's plans still stands, and begins its time anew.</summary>
    /// <exception cref="LifecycleLeaseLostException">It does not.</exception>
    private void Hold(WriteScope scope, LifecycleLease lease)
    {
        if (scope.Use(RenewLease).Bind(LeaseName(lease.RegistryId)).Bind(lease.Fence).Bind(_time.GetUtcNow() + LeaseTime).Execute() == 0)
            throw new LifecycleLeaseLostException(lease.RegistryId);
    }

    private static string LeaseName(long registryId) => $"lifecycle/{Number(registryId)}";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static LifecyclePlanRecord? ReadPlan(Statement found)
    {
        using var row = found;
        return row.Step() ? PlanOf(row) : null;
    }

    private static LifecyclePlanRecord PlanOf(Statement row) => new(
        row.Int64(0), new NewLifecyclePlan(row.Int64(1), row.Int64(2) == Run, row.Text(3), row.Int64OrNull(4), (int)row.Int64(5), row.Text(6)), (LifecyclePlanState)row.Int64(7))
    {
        Message = row.TextOrNull(8),
        Tags = row.Int64(9),
        Manifests = row.Int64(10),
        Kept = row.Int64(11),
        Bytes = row.Int64(12),
        Added = row.Int64(13),
        Done = row.Int64(14),
        Skipped = row.Int64(15),
        CreatedAt = row.Time(16),
        CreatedBy = row.Text(17),
        StartedAt = row.TimeOrNull(18),
        EndedAt = row.TimeOrNull(19),
    };
}
