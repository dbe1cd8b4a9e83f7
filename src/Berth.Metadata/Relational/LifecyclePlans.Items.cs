namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string ItemColumns = "repository, kind, name, digest, rule, action, reason, holder, bytes, seen_at, outcome, taken";

    // A manifest is in a plan once, by itself or with another.
    private static readonly Sql DeleteKeptTwin = new("""
        DELETE FROM lifecycle_items WHERE plan_id = ?1 AND taken = 0 AND repository = ?2 AND kind IN (?3, ?4) AND name = ?5
        """);

    private static readonly Sql FindTakenItem = new("""
        SELECT seen_at, action, outcome FROM lifecycle_items WHERE plan_id = ?1 AND taken = 1 AND repository = ?2 AND kind IN (?3, ?4) AND name = ?5 LIMIT 1
        """);

    private static readonly Sql InsertItem = new("""
        INSERT INTO lifecycle_items (plan_id, taken, repository, kind, name, digest, rule, action, reason, holder, bytes, seen_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING
        """);

    private static readonly Sql CountItems = new("""
        UPDATE lifecycle_plans SET tags = tags + ?2, manifests = manifests + ?3, kept = kept + ?4, added = added + ?5 WHERE id = ?1
        """);

    private static readonly Sql ReadPlanForItems = new("SELECT kept, preview_id FROM lifecycle_plans WHERE id = ?1");

    private static readonly Sql ListItems = new($"""
        SELECT {ItemColumns} FROM lifecycle_items WHERE plan_id = ?1 AND taken = ?2 AND (repository, kind, name) > (?3, ?4, ?5) ORDER BY repository, kind, name LIMIT ?6
        """);

    private static readonly Sql DeleteItemsOfPlan = new("""
        DELETE FROM lifecycle_items WHERE (plan_id, taken, repository, kind, name) IN (
            SELECT plan_id, taken, repository, kind, name FROM lifecycle_items WHERE plan_id = ?1 ORDER BY taken, repository, kind, name LIMIT ?2)
        """);

    private static readonly Sql DeleteKeptItems = new("""
        DELETE FROM lifecycle_items WHERE (plan_id, taken, repository, kind, name) IN (
            SELECT plan_id, taken, repository, kind, name FROM lifecycle_items WHERE plan_id = ?1 AND taken = 0 ORDER BY repository, kind, name LIMIT ?2)
        """);

    private static readonly Sql DeleteTakenItem = new("""
        DELETE FROM lifecycle_items WHERE plan_id = ?1 AND taken = 1 AND repository = ?2 AND kind = ?3 AND name = ?4
        """);

    private static readonly Sql SetItemBytes = new("UPDATE lifecycle_items SET bytes = ?5 WHERE plan_id = ?1 AND taken = 1 AND repository = ?2 AND kind = ?3 AND name = ?4");

    private static readonly Sql AddPlanBytes = new("UPDATE lifecycle_plans SET bytes = bytes + ?2 WHERE id = ?1");

    private static readonly Sql NextOldPlanWithItems = new("""
        SELECT p.id FROM lifecycle_plans p INDEXED BY lifecycle_plans_ended
        WHERE p.ended_at < ?1 AND EXISTS (SELECT 1 FROM lifecycle_items i WHERE i.plan_id = p.id) ORDER BY p.ended_at LIMIT 1
        """);

    private static readonly Sql DeleteOldPlans = new("""
        DELETE FROM lifecycle_plans WHERE id IN (SELECT id FROM lifecycle_plans INDEXED BY lifecycle_plans_ended WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)
        """);

    private static readonly Sql NextPlanOfRegistry = new("SELECT id FROM lifecycle_plans INDEXED BY lifecycle_plans_by_registry WHERE registry_id = ?1 LIMIT 1");

    private static readonly Sql DeletePlan = new("DELETE FROM lifecycle_plans WHERE id = ?1");

    /// <inheritdoc/>
    public ValueTask<Page<LifecycleItem>> ListLifecycleItemsAsync(long planId, bool taken, LifecycleItemKey after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (planId, taken, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListItems).Bind(list.planId).Bind(list.taken).Bind(list.after.Repository).Bind((long)list.after.Kind).Bind(list.after.Name)
                    .Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ItemOf, static item => TextOf(item.Key));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task AddLifecycleItemsAsync(LifecycleLease lease, long planId, IReadOnlyList<LifecycleItem> items, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            Hold(scope, lease);
            if (items.Count == 0) return true;
            var (kept, preview) = ReadKept(scope, planId);
            long tags = 0, manifests = 0, more = 0, added = 0;
            foreach (var item in items)
            {
                if (!item.IsTaken)
                {
                    if (!FindTaken(scope.Session, planId, item).IsThere && (kept + more >= ILifecyclePlans.MostKept || Insert(scope, planId, item))) more++;
                    continue;
                }

                if (FindTaken(scope.Session, planId, item).IsThere || !Insert(scope, planId, item)) continue;
                var (first, second) = Twins(item.Kind);
                more -= scope.Use(DeleteKeptTwin).Bind(planId).Bind(item.Repository).Bind((long)first).Bind((long)second).Bind(item.Name).Execute();
                if (item.Kind == LifecycleItemKind.Tag) tags++;
                else manifests++;
                if (preview is { } before && !FindTaken(scope.Session, before, item).IsThere) added++;
            }

            scope.Use(CountItems).Bind(planId).Bind(tags).Bind(manifests).Bind(more).Bind(added).Tell();
            return true;
        },
        Urgency.Relief, weight: 200L * (items.Count + 1), cancellationToken);

    /// <inheritdoc/>
    public Task SetLifecycleBytesAsync(LifecycleLease lease, long planId, IReadOnlyList<LifecycleItem> measured, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            Hold(scope, lease);
            foreach (var item in measured)
                scope.Use(SetItemBytes).Bind(planId).Bind(item.Repository).Bind((long)item.Kind).Bind(item.Name).Bind(item.Bytes).Tell();
            scope.Use(AddPlanBytes).Bind(planId).Bind(measured.Sum(item => item.Bytes)).Tell();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ForgetLifecycleStepAsync(DateTimeOffset itemsBefore, DateTimeOffset plansBefore, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            long plan;
            using (var row = scope.Use(NextOldPlanWithItems).Bind(itemsBefore)) plan = row.Step() ? row.Int64(0) : 0;
            if (plan != 0) return scope.Use(DeleteItemsOfPlan).Bind(plan).Bind((long)limit).Execute() > 0;
            return scope.Use(DeleteOldPlans).Bind(plansBefore).Bind((long)limit).Execute() > 0;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PurgeLifecycleStepAsync(long registryId, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DeleteRulesOfRegistry).Bind(registryId).Bind((long)limit).Execute() > 0) return true;
            long plan;
            using (var row = scope.Use(NextPlanOfRegistry).Bind(registryId)) plan = row.Step() ? row.Int64(0) : 0;
            if (plan == 0) return false;
            if (scope.Use(DeleteItemsOfPlan).Bind(plan).Bind((long)limit).Execute() == 0) scope.Use(DeletePlan).Bind(plan).Tell();
            return true;
        },
        cancellationToken);

    /// <summary>Whether a plan takes a tag or a manifest, of a tag since when it named what it names, and whether that was done.</summary>
    private static (bool IsThere, long SeenAt, LifecycleAction Action, bool IsDone) FindTaken(Session session, long planId, LifecycleItem item) =>
        FindTaken(session, planId, item.Repository, item.Kind, item.Name);

    internal static (bool IsThere, long SeenAt, LifecycleAction Action, bool IsDone) FindTaken(Session session, long planId, string repository, LifecycleItemKind kind, string name)
    {
        var (first, second) = Twins(kind);
        using var row = session.Use(FindTakenItem).Bind(planId).Bind(repository).Bind((long)first).Bind((long)second).Bind(name);
        return row.Step() ? (true, row.Int64(0), (LifecycleAction)row.Int64(1), row.Int64(2) == 1) : default;
    }

    private static (LifecycleItemKind First, LifecycleItemKind Second) Twins(LifecycleItemKind kind) =>
        kind == LifecycleItemKind.Tag ? (kind, kind) : (LifecycleItemKind.Manifest, LifecycleItemKind.Dependent);

    /// <summary>Takes the next items that were not done out of a plan, and counts those that were; the result is where the next step goes on, null at the end.</summary>
    private static LifecycleItemKey? TakeBackItems(WriteScope scope, long planId, LifecycleItemKey after)
    {
        var items = new List<LifecycleItem>();
        using (var rows = scope.Use(ListItems).Bind(planId).Bind(true).Bind(after.Repository).Bind((long)after.Kind).Bind(after.Name).Bind((long)ILifecyclePlans.LargestPage))
        {
            while (rows.Step()) items.Add(ItemOf(rows));
        }

        var (_, preview) = ReadKept(scope, planId);
        long tags = 0, manifests = 0, added = 0, bytes = 0;
        foreach (var item in items)
        {
            if (item.IsDone != true)
            {
                scope.Use(DeleteTakenItem).Bind(planId).Bind(item.Repository).Bind((long)item.Kind).Bind(item.Name).Tell();
                continue;
            }

            // What was done stays part of the run, and of what it is measured by: else a run that went on could take as much again as somebody confirmed.
            if (item.Kind == LifecycleItemKind.Tag) tags++;
            else manifests++;
            bytes += item.Bytes;
            if (preview is { } before && !FindTaken(scope.Session, before, item).IsThere) added++;
        }

        if (tags + manifests > 0)
        {
            scope.Use(CountItems).Bind(planId).Bind(tags).Bind(manifests).Bind(0L).Bind(added).Tell();
            scope.Use(AddPlanBytes).Bind(planId).Bind(bytes).Tell();
            scope.Use(AddPlanOutcome).Bind(planId).Bind(tags + manifests).Bind(0L).Tell();
        }

        return items.Count < ILifecyclePlans.LargestPage ? null : items[^1].Key;
    }

    private static (long Kept, long? Preview) ReadKept(WriteScope scope, long planId)
    {
        using var row = scope.Use(ReadPlanForItems).Bind(planId);
        return row.Step() ? (row.Int64(0), row.Int64OrNull(1)) : default;
    }

    private static bool Insert(WriteScope scope, long planId, LifecycleItem item) =>
        scope.Use(InsertItem).Bind(planId).Bind(item.IsTaken).Bind(item.Repository).Bind((long)item.Kind).Bind(item.Name).Bind(item.Digest).Bind(item.Rule)
            .Bind((long)item.Action).Bind((long)item.Reason).Bind(item.Holder).Bind(item.Bytes).Bind(item.SeenAt).Execute() > 0;

    private static LifecycleItem ItemOf(Statement row) => new(
        row.Text(0), (LifecycleItemKind)row.Int64(1), row.Text(2), row.Digest(3), row.Text(4), (LifecycleAction)row.Int64(5))
    {
        Reason = (LifecycleReason)row.Int64(6),
        Holder = row.TextOrNull(7),
        Bytes = row.Int64(8),
        SeenAt = row.Int64(9),
        IsDone = row.Int64OrNull(10) is { } outcome ? outcome == 1 : null,
        IsTaken = row.Bool(11),
    };

    private static string TextOf(LifecycleItemKey key) => PageKey.Of(key.Repository, Number((long)key.Kind), key.Name);
}
