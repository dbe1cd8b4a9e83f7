using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// How a run does what its plan says: each item is looked at once more in the transaction that takes it, and what goes is deleted as by retention, so that it can be restored
/// where deleted content is kept.
/// </summary>
public sealed partial class RelationalMetadataStore
{
    private const int ItemsOfStep = 100;

    private static readonly Sql SetItemOutcome = new("""
        UPDATE lifecycle_items SET outcome = ?5, reason = ?6, holder = COALESCE(?7, holder)
        WHERE plan_id = ?1 AND taken = 1 AND repository = ?2 AND kind IN (?3, ?8) AND name = ?4 AND outcome IS NULL
        """);

    private static readonly Sql AddPlanOutcome = new("UPDATE lifecycle_plans SET done = done + ?2, skipped = skipped + ?3 WHERE id = ?1");

    // What a deleted registry holds is not a run's to delete: it may be recovered.
    private static readonly Sql FindActing = new("""
        SELECT p.created_by, p.started_at FROM lifecycle_plans p CROSS JOIN registries r ON r.id = p.registry_id AND r.deleted_at IS NULL WHERE p.id = ?1 AND p.kind = 2 AND +p.state = 2
        """);

    /// <inheritdoc/>
    public ValueTask<DeletionHold?> FindDeletionHoldAsync(TimeSpan interval, CancellationToken cancellationToken) => ReadAsync(
        (Now: _time.GetUtcNow(), interval), static (reader, of) => FindHold(reader, of.Now, of.interval), cancellationToken);

    /// <inheritdoc/>
    public Task<LifecycleStep> ActLifecycleStepAsync(
        LifecycleLease lease, long planId, LifecycleItemKey after, TimeSpan grace, TimeSpan interval, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            Hold(scope, lease);
            if (FindActingPlan(scope, planId) is not { } acting) return default;
            var now = _time.GetUtcNow();
            if (FindHold(scope.Session, now, interval) is { } held)
            {
                // When it ends, what is found now may be days old: what are the newest then, which rules keep, is not looked at once more as a thing goes. A look at the clock that is merely
                // late comes soon: rounds of collection that last must not let a run whose evaluation lasts, too, begin anew each time and never act.
                var isShort = held.Reason == DeletionHoldReason.Unseen && acting.StartedAt > (now - grace).ToUnixTimeMilliseconds();
                if (!isShort) scope.Use(SetPlanState).Bind(planId).Bind((long)LifecyclePlanState.Waiting).Bind((string?)null).Bind(scope.Now).Tell();
                return new LifecycleStep(0, 0, 0, 0, after, held);
            }

            var items = new List<LifecycleItem>();
            using (var rows = scope.Use(ListItems).Bind(planId).Bind(true).Bind(after.Repository).Bind((long)after.Kind).Bind(after.Name).Bind((long)ItemsOfStep))
            {
                while (rows.Step()) items.Add(ItemOf(rows));
            }

            var act = new Act(scope, lease.RegistryId, planId, acting.Creator, now + grace, scope.Now - (long)grace.TotalMilliseconds);
            LifecycleItemKey? last = null;
            foreach (var item in items)
            {
                if (item.IsDone is null) DoItem(act, item);
                last = item.Key;
                if (act.Manifests >= ManifestsOfStep) break;
            }

            scope.Use(AddPlanOutcome).Bind(planId).Bind(act.Done).Bind(act.Skipped).Tell();
            var isEnd = items.Count < ItemsOfStep && (items.Count == 0 || last == items[^1].Key);
            return new LifecycleStep(act.Done, act.Skipped, act.Manifests, act.Restorable, isEnd ? null : last, Held: null);
        },
        cancellationToken);

    private static void DoItem(Act act, LifecycleItem item)
    {
        var (reason, holder) = FindRow(act, item) is not { } found ? (LifecycleReason.Changed, null)
            : item.Action == LifecycleAction.ArchiveLock ? Lock(act, item, found)
            : item.Kind == LifecycleItemKind.Tag ? DeleteTagOf(act, item, found)
            : DeleteManifestOf(act, item, found);
        if (reason != LifecycleReason.None) act.Mark(item, isDone: false, reason, holder);
        else act.Mark(item, isDone: true);
    }

    /// <summary>What an item is about, as it stands now; null when that is not what was planned.</summary>
    private static (RepositoryRow Repository, ManifestRow Manifest, NamedTag? Tag)? FindRow(Act act, LifecycleItem item)
    {
        if (FindRepositoryRow(act.Scope, act.RegistryId, RepositoryName.Parse(item.Repository)) is not { } row) return null;
        if (FindManifest(act.Scope, row.Id, item.Digest) is not { Deleted: false } manifest) return null;
        if (item.Kind != LifecycleItemKind.Tag) return (row, manifest, null);

        using var found = act.Scope.Use(FindTagWithDigest).Bind(row.Id).Bind(item.Name);
        if (!found.Step() || found.Int64(1) != manifest.Id || found.Int64(3) != item.SeenAt) return null;
        return (row, manifest, new NamedTag(item.Name, found.Int64(2), found.Int64(3), (Locks)found.Int64(4)));
    }

    private static (LifecycleReason Reason, string? Holder) DeleteManifestOf(Act act, LifecycleItem item, (RepositoryRow Repository, ManifestRow Manifest, NamedTag? Tag) found)
    {
        var plan = new DeparturePlan(act.PlanId, item.Repository, isActing: true);
        var departure = new Departures(act.Keepers, found.Repository.Id, found.Repository.Locks, act.YoungSince, plan).Find(found.Manifest.Id);
        if (departure.Reason != LifecycleReason.None) return (departure.Reason, departure.Holder);

        // It would have gone with what it belongs to, which stayed.
        if (item.Kind == LifecycleItemKind.Dependent) return (LifecycleReason.ReferrerOfKept, item.Holder);
        var deletion = BeginDeletion(act.Scope, act.RegistryId, act.Scope.Now, act.LeaseUntil, act.Caller, act.PayloadOf(item));
        foreach (var going in departure.Going)
        {
            var entry = new LedgerEntry(LedgerKinds.ManifestDeleted, act.RegistryId, item.Repository, Digest: going.Digest);
            var manifest = new ManifestRow(going.Id, going.Size, Deleted: false, going.HybridTime, Damaged: false, going.Locks, going.UpdatedAt);
            List<NamedTag> tags = [.. going.Tags.Select(tag => new NamedTag(tag.Name, tag.HybridTime, tag.UpdatedAt, tag.Locks))];
            if (DeleteManifestWithTags(act.Scope, entry, found.Repository.Id, manifest, tags, deletion)) act.Restorable++;
            act.Manifests++;
            act.Mark(item with { Kind = LifecycleItemKind.Manifest, Name = going.Digest.ToString() }, isDone: true);
            foreach (var tag in tags) act.Mark(item with { Kind = LifecycleItemKind.Tag, Name = tag.Name }, isDone: true);
        }

        return default;
    }

    private static (LifecycleReason Reason, string? Holder) DeleteTagOf(Act act, LifecycleItem item, (RepositoryRow Repository, ManifestRow Manifest, NamedTag? Tag) found)
    {
        var (scope, tag) = (act.Scope, found.Tag!.Value);
        if (((found.Repository.Locks | found.Manifest.Locks | tag.Locks) & AgainstDeletion) != Locks.None) return (LifecycleReason.Locked, null);
        if (tag.UpdatedAt > act.YoungSince) return (LifecycleReason.YoungerThanGrace, null);
        if (act.Keepers.IsQuarantined(found.Manifest.Id)) return (LifecycleReason.Quarantined, null);
        var keeper = act.Keepers.OfTag(found.Repository.Id, item.Repository, item.Name, item.Digest);
        if (keeper.Reason != LifecycleReason.None) return keeper;

        var deletion = BeginDeletion(scope, act.RegistryId, scope.Now, default, act.Caller, act.PayloadOf(item));
        RemoveTag(scope, found.Repository.Id, new LedgerEntry(LedgerKinds.TagDeleted, act.RegistryId, item.Repository, item.Name, item.Digest), tag, deletion);
        scope.Use(TouchManifest).Bind(found.Manifest.Id).Bind(scope.Now).Tell();
        WaitUntagged(scope, act.RegistryId, found.Manifest.Id, pushedAt: null);
        CountTags(scope, act.RegistryId, found.Repository.Id, -1);
        return default;
    }

    private static (LifecycleReason Reason, string? Holder) Lock(Act act, LifecycleItem item, (RepositoryRow Repository, ManifestRow Manifest, NamedTag? Tag) found)
    {
        var scope = act.Scope;
        var changes = new LockChanges(AgainstDeletion, Locks.None);
        var entry = new LedgerEntry(LedgerKinds.ManifestLocked, act.RegistryId, item.Repository, Digest: item.Digest);
        if (ReadLocks(scope.Use(FindManifestLocks).Bind(found.Repository.Id).Bind(item.Digest)) is { } manifest && changes.Apply(manifest.Locks) != manifest.Locks)
        {
            var locks = changes.Apply(manifest.Locks);
            var at = scope.Append(entry with { Payload = act.PayloadOf(item, locks) }, act.Caller, manifest.Time);
            scope.Use(SetManifestLocks).Bind(found.Repository.Id).Bind(item.Digest).Bind((long)locks).Bind(at).Tell();
        }

        if (item.Kind != LifecycleItemKind.Tag || ReadLocks(scope.Use(FindTagLocks).Bind(found.Repository.Id).Bind(item.Name)) is not { } tag) return default;
        var wanted = changes.Apply(tag.Locks);
        if (wanted == tag.Locks) return default;
        var time = scope.Append(entry with { Kind = LedgerKinds.TagLocked, Reference = item.Name, Payload = act.PayloadOf(item, wanted) }, act.Caller, tag.Time);
        scope.Use(SetTagLocks).Bind(found.Repository.Id).Bind(item.Name).Bind((long)wanted).Bind(time).Tell();
        return default;
    }

    /// <summary>What holds all deletion: somebody paused it, the clock stepped, or nobody has looked at it for so long that nobody knows.</summary>
    private static DeletionHold? FindHold(Session session, DateTimeOffset now, TimeSpan interval)
    {
        using var row = session.Use(ReadDeletionClock);
        if (!row.Step()) return null;

        // Of two the one that lasts longer is named: the end of the other changes nothing.
        var (seen, suspended, paused) = (row.TimeOrNull(0), row.TimeOrNull(1), row.TimeOrNull(2));
        if (paused is { } pause && pause > now && !(suspended > pause)) return new DeletionHold(pause, DeletionHoldReason.Paused);
        if (suspended is { } suspension && suspension > now) return new DeletionHold(suspension, DeletionHoldReason.Suspended);

        // Garbage collection looks at it with each round, and has the last word about a step. After a restore it has yet to look, and will suspend deletion.
        var longest = interval + interval + TimeSpan.FromMinutes(1);
        var isKnown = seen is { } last ? (now - last).Duration() <= longest : suspended is null;
        return isKnown ? null : new DeletionHold(now + interval, DeletionHoldReason.Unseen);
    }

    /// <summary>Who asked for a run that is to be done, and when its evaluation began; null where it is not to be done.</summary>
    private static (Caller Creator, long StartedAt)? FindActingPlan(WriteScope scope, long planId)
    {
        using var row = scope.Use(FindActing).Bind(planId);
        if (!row.Step()) return null;
        var name = row.Text(0);
        return (name == Caller.System.Name ? Caller.System : new Caller(0, name, null, null), row.Int64(1));
    }

    /// <summary>One step of a run, and what it has done.</summary>
    private sealed class Act(WriteScope scope, long registryId, long planId, Caller caller, DateTimeOffset leaseUntil, long youngSince)
    {
        public WriteScope Scope => scope;

        public Keepers Keepers { get; } = new(scope.Session, registryId, scope.Now);

        public long RegistryId => registryId;

        public long PlanId => planId;

        public Caller Caller => caller;

        public DateTimeOffset LeaseUntil => leaseUntil;

        public long YoungSince => youngSince;

        public int Done { get; private set; }

        public int Skipped { get; private set; }

        public int Manifests { get; set; }

        public int Restorable { get; set; }

        public string PayloadOf(LifecycleItem item, Locks? locks = null) => JsonText.Facts(("rule", item.Rule), ("run", Number(planId)), ("locks", locks?.ToString()));

        /// <summary>Says of an item what came of it; nothing where that was said before.</summary>
        public void Mark(LifecycleItem item, bool isDone, LifecycleReason reason = LifecycleReason.None, string? holder = null)
        {
            var (first, second) = Twins(item.Kind);
            var marked = scope.Use(SetItemOutcome).Bind(planId).Bind(item.Repository).Bind((long)first).Bind(item.Name).Bind(isDone ? 1L : 2L).Bind((long)reason).Bind(holder)
                .Bind((long)second).Execute();
            if (isDone) Done += marked;
            else Skipped += marked;
        }
    }
}
