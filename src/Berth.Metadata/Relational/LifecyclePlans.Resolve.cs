using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    // Of a blob that more manifests name, nobody finds out whether all of them go: its bytes are left out of the figure.
    private const int MostHolders = 20_000;

    private static readonly Sql ListTakenTags = new("""
        SELECT name, rule, action, digest FROM lifecycle_items WHERE plan_id = ?1 AND taken = 1 AND repository = ?2 AND kind = 3 AND name > ?3 ORDER BY name LIMIT ?4
        """);

    private static readonly Sql ListHoldersOfBlob = new("""
        SELECT e.manifest_id, m.digest FROM edges e CROSS JOIN manifests m ON m.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 1 AND e.digest = ?2 ORDER BY e.manifest_id LIMIT ?3
        """);

    private static readonly Sql FindSizeOfSoleBlob = new("""
        SELECT b.size FROM registry_blobs h CROSS JOIN blobs b ON b.digest = h.digest WHERE h.registry_id = ?1 AND h.digest = ?2 AND h.repositories = 1
        """);

    private static readonly Sql FindIdAndSize = new("SELECT id, size FROM manifests WHERE repository_id = ?1 AND digest = ?2");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<(LifecycleReason Reason, string? Holder)>> FindTagKeepersAsync(
        long registryId, IReadOnlyList<LifecycleCandidate> tags, CancellationToken cancellationToken) =>
        ReadAsync<(long registryId, IReadOnlyList<LifecycleCandidate> tags, long now), IReadOnlyList<(LifecycleReason, string?)>>(
            (registryId, tags, NowMilliseconds),
            static (reader, of) =>
            {
                using var transaction = reader.BeginRead();
                var keepers = new Keepers(reader, of.registryId, of.now);
                return [.. of.tags.Select(tag => keepers.OfTag(tag.RepositoryId, tag.Repository, tag.Tag!, tag.Digest))];
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<LifecycleItem>> ResolveTaggedAsync(
        long registryId, long planId, RepositoryName repository, string? after, int limit, TimeSpan grace, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, planId, repository, after, limit, YoungSince: (_time.GetUtcNow() - grace).ToUnixTimeMilliseconds(), Now: NowMilliseconds),
            static (reader, of) =>
            {
                using var transaction = reader.BeginRead();
                var keepers = new Keepers(reader, of.registryId, of.Now);
                var (id, locks) = FindRepositoryIn(reader, of.registryId, of.repository.Value);
                if (id == 0) return new Page<LifecycleItem>([], More: false, null);

                var tags = ListTagsOfPlan(reader, of.planId, of.repository.Value, of.after ?? "", of.limit);
                var plan = new DeparturePlan(of.planId, of.repository.Value, isActing: false);
                var items = new List<LifecycleItem>();
                foreach (var (name, rule, action, digest) in tags)
                {
                    if (items.Count >= ILifecyclePlans.LargestPage) return new Page<LifecycleItem>(items, More: true, BeforeOf(tags, name, of.after));
                    if (action != LifecycleAction.Delete || plan.IsTaken(reader, digest)) continue;
                    if (FindIdIn(reader, id, name, digest) is not { } manifest) continue;
                    var departure = new Departures(keepers, id, locks, of.YoungSince, plan).Find(manifest);
                    AddDeparture(items, plan, of.repository.Value, digest, rule, departure);
                }

                return new Page<LifecycleItem>(items, More: tags.Count == of.limit, tags.Count == 0 ? null : tags[^1].Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LifecycleItem>> ResolveUntaggedAsync(
        long registryId, long planId, IReadOnlyList<(LifecycleCandidate Candidate, string Rule)> chosen, TimeSpan grace, CancellationToken cancellationToken) =>
        ReadAsync<(long, long, IReadOnlyList<(LifecycleCandidate, string)>, long, long), IReadOnlyList<LifecycleItem>>(
            (registryId, planId, chosen, (_time.GetUtcNow() - grace).ToUnixTimeMilliseconds(), NowMilliseconds),
            static (reader, of) =>
            {
                var (registryId, planId, chosen, youngSince, now) = of;
                using var transaction = reader.BeginRead();
                var keepers = new Keepers(reader, registryId, now);
                var plans = new Dictionary<string, DeparturePlan>(StringComparer.Ordinal);
                var items = new List<LifecycleItem>();
                foreach (var (candidate, rule) in chosen)
                {
                    if (!plans.TryGetValue(candidate.Repository, out var plan))
                        plans.Add(candidate.Repository, plan = new DeparturePlan(planId, candidate.Repository, isActing: false));
                    if (plan.IsTaken(reader, candidate.Digest)) continue;
                    var (id, locks) = FindRepositoryIn(reader, registryId, candidate.Repository);
                    var departure = new Departures(keepers, id, locks, youngSince, plan).Find(candidate.ManifestId);
                    AddDeparture(items, plan, candidate.Repository, candidate.Digest, rule, departure);
                }

                return items;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<LifecycleItem>> MeasureAsync(long registryId, long planId, LifecycleItemKey after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, planId, after, limit),
            static (reader, of) =>
            {
                using var transaction = reader.BeginRead();
                List<LifecycleItem> items;
                bool more;
                using (var rows = reader.Use(ListItems).Bind(of.planId).Bind(true).Bind(of.after.Repository).Bind((long)of.after.Kind).Bind(of.after.Name).Bind(of.limit + 1L))
                {
                    var page = ReadPage(rows, of.limit, ItemOf, static item => TextOf(item.Key));
                    (items, more) = ([.. page.Items], page.More);
                }

                for (var i = 0; i < items.Count; i++)
                {
                    if (items[i] is { Kind: not LifecycleItemKind.Tag, Action: LifecycleAction.Delete, IsDone: null } manifest)
                        items[i] = manifest with { Bytes = Measure(reader, of.registryId, of.planId, manifest) };
                }

                return new Page<LifecycleItem>(items, more, null);
            },
            cancellationToken);

    private static long Measure(Session session, long registryId, long planId, LifecycleItem item)
    {
        var (repositoryId, _) = FindRepositoryIn(session, registryId, item.Repository);
        long id, bytes;
        using (var row = session.Use(FindIdAndSize).Bind(repositoryId).Bind(item.Digest))
        {
            if (!row.Step()) return 0;
            (id, bytes) = (row.Int64(0), row.Int64(1));
        }

        var blobs = new List<Digest>();
        using (var rows = session.Use(ListNamedBlobs).Bind(id))
        {
            while (rows.Step()) blobs.Add(rows.Digest(0));
        }

        var plan = new DeparturePlan(planId, item.Repository, isActing: false);
        foreach (var blob in blobs)
        {
            if (!GoesWith(session, repositoryId, id, blob, plan)) continue;
            using var size = session.Use(FindSizeOfSoleBlob).Bind(registryId).Bind(blob);
            if (size.Step()) bytes += size.Int64(0);
        }

        return bytes;
    }

    /// <summary>Whether all manifests that name a blob go, and this one is the first of them, with which it counts.</summary>
    private static bool GoesWith(Session session, long repositoryId, long manifestId, Digest blob, DeparturePlan plan)
    {
        using var holders = session.Use(ListHoldersOfBlob).Bind(repositoryId).Bind(blob).Bind((long)MostHolders);
        var looked = 0;
        for (; holders.Step(); looked++)
        {
            if (looked == 0 ? holders.Int64(0) != manifestId : !plan.IsTaken(session, holders.Digest(1))) return false;
        }

        return looked is > 0 and < MostHolders;
    }

    /// <summary>The items that come of what was found out about a manifest.</summary>
    private static void AddDeparture(List<LifecycleItem> items, DeparturePlan plan, string repository, Digest digest, string rule, Departure departure)
    {
        // What another tag names, or what has changed meanwhile, is no matter of the rule.
        if (departure.Reason is LifecycleReason.Tagged or LifecycleReason.Changed) return;
        if (departure.Reason != LifecycleReason.None)
        {
            items.Add(new LifecycleItem(repository, LifecycleItemKind.Manifest, digest.ToString(), digest, rule, LifecycleAction.Delete) { Reason = departure.Reason, Holder = departure.Holder });
            return;
        }

        foreach (var going in departure.Going)
        {
            var isRoot = going.Digest == digest;
            var kind = isRoot ? LifecycleItemKind.Manifest : LifecycleItemKind.Dependent;
            var holder = isRoot ? null : digest.ToString();
            if (plan.Pending.Add(going.Digest))
                items.Add(new LifecycleItem(repository, kind, going.Digest.ToString(), going.Digest, rule, LifecycleAction.Delete) { IsTaken = true, Holder = holder, SeenAt = going.UpdatedAt });
            foreach (var tag in isRoot ? [] : going.Tags)
                items.Add(new LifecycleItem(repository, LifecycleItemKind.Tag, tag.Name, going.Digest, rule, LifecycleAction.Delete) { IsTaken = true, Holder = holder, SeenAt = tag.UpdatedAt });
        }
    }

    private static List<(string Name, string Rule, LifecycleAction Action, Digest Digest)> ListTagsOfPlan(Session session, long planId, string repository, string after, int limit)
    {
        var tags = new List<(string, string, LifecycleAction, Digest)>();
        using var rows = session.Use(ListTakenTags).Bind(planId).Bind(repository).Bind(after).Bind((long)limit);
        while (rows.Step()) tags.Add((rows.Text(0), rows.Text(1), (LifecycleAction)rows.Int64(2), rows.Digest(3)));
        return tags;
    }

    private static string? BeforeOf(List<(string Name, string Rule, LifecycleAction Action, Digest Digest)> tags, string name, string? after)
    {
        var at = tags.FindIndex(tag => tag.Name == name);
        return at == 0 ? after : tags[at - 1].Name;
    }

    private static (long Id, Locks Locks) FindRepositoryIn(Session session, long registryId, string name)
    {
        using var row = session.Use(FindRepository).Bind(registryId).Bind(name);
        return row.Step() ? (row.Int64(0), (Locks)row.Int64(2)) : default;
    }

    private static long? FindIdIn(Session session, long repositoryId, string tag, Digest digest)
    {
        using var row = session.Use(FindTagWithDigest).Bind(repositoryId).Bind(tag);
        return row.Step() && row.Digest(0) == digest ? row.Int64(1) : null;
    }
}
