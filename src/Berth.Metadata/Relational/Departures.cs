using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// Finds out whether a manifest of a repository may go, and what goes with it: the untagged images of an index that nothing else lists, and its signatures and other
/// referrers. All of it goes in one act, or, where something keeps a referrer, nothing. Planning and acting ask the same questions.
/// </summary>
/// <param name="keepers">What keeps something whatever rules say.</param>
/// <param name="repositoryId">The repository's row.</param>
/// <param name="repositoryLocks">The repository's locks.</param>
/// <param name="youngSince">What was pushed after this time stays, in milliseconds since 1970.</param>
/// <param name="plan">What the plan at hand takes.</param>
internal sealed class Departures(Keepers keepers, long repositoryId, Locks repositoryLocks, long youngSince, DeparturePlan plan)
{
    /// <summary>What goes with one manifest at most. More children of it stay for their own time; with more referrers it stays.</summary>
    public const int MostWith = 100;

    // With so many tags nobody looks whether all of them go: it stays.
    private const int MostTags = 1_000;
    private const Locks AgainstDeletion = Locks.Delete | Locks.Write;

    private static readonly Sql FindState = new("""
        SELECT m.digest, m.size, m.hybrid_time, m.locks, m.updated_at, COALESCE(w.pushed_at, m.created_at), m.subject
        FROM manifests m LEFT JOIN manifest_waits w ON w.manifest_id = m.id AND w.kind = 1 WHERE m.id = ?1 AND +m.deleted_at IS NULL
        """);

    private static readonly Sql ListTags = new("SELECT name, hybrid_time, updated_at, locks FROM tags WHERE manifest_id = ?1 ORDER BY repository_id, name LIMIT ?2");

    private static readonly Sql ListParents = new("""
        SELECT p.digest FROM edges e CROSS JOIN manifests p ON p.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 AND p.digest <> ?2 AND +p.deleted_at IS NULL LIMIT ?3
        """);

    private static readonly Sql ListChildren = new("""
        SELECT c.id FROM edges e CROSS JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest AND +c.deleted_at IS NULL
        WHERE e.manifest_id = ?1 AND e.kind = 2 LIMIT ?2
        """);

    private static readonly Sql ListReferrers = new("""
        SELECT id, digest FROM manifests INDEXED BY manifests_by_subject WHERE repository_id = ?1 AND subject = ?2 AND deleted_at IS NULL LIMIT ?3
        """);

    private static readonly Sql ListSignatureTags = new("SELECT name, manifest_id FROM tags WHERE repository_id = ?1 AND name >= ?2 AND name < ?3 LIMIT ?4");

    // One that was deleted and can be restored counts: what belongs to it must be there then.
    private static readonly Sql IsThere = new("SELECT 1 FROM manifests WHERE repository_id = ?1 AND digest = ?2");

    private readonly Session _session = keepers.Session;
    private readonly List<Departing> _going = [];
    private readonly HashSet<long> _ids = [];
    private readonly HashSet<Digest> _digests = [];

    /// <summary>Whether the manifest may go, and what goes with it.</summary>
    public Departure Find(long manifestId)
    {
        if (ReadDeparting(manifestId) is not { } root) return new Departure(LifecycleReason.Changed, null, []);
        if (FindKeeper(root) is { Reason: not LifecycleReason.None } kept) return new Departure(kept.Reason, kept.Holder, []);
        return TryAdd(root, out var keeping)
            ? new Departure(LifecycleReason.None, null, _going)
            : new Departure(LifecycleReason.SubjectOfKept, keeping is { Tags.Count: > 0 } ? keeping.Tags[0].Name : keeping?.Digest.ToString(), []);
    }

    // With what goes with it; where something keeps one of its referrers, it goes neither, and nothing of it is in the list.
    private bool TryAdd(Departing one, out Departing? keeping)
    {
        var mark = _going.Count;
        Add(one);
        var (referrers, areAll) = ReferrersOf(one.Digest);
        foreach (var referrer in referrers)
        {
            if (_ids.Contains(referrer) || ReadDeparting(referrer) is not { } with) continue;

            // One beyond what may go in one act is left, and so is the manifest, which it must not be left without.
            keeping = with;
            if (_going.Count > MostWith)
            {
                RemoveFrom(mark);
                return false;
            }

            var reason = FindKeeper(with).Reason;
            if (reason == LifecycleReason.Tagged && SignsAnother(with)) continue;

            // What signs or describes something must not be left without it.
            if (reason == LifecycleReason.None && plan.MayTake(_session, with.Digest) && TryAdd(with, out keeping)) continue;
            RemoveFrom(mark);
            return false;
        }

        // Of those that nobody read, one may be kept.
        keeping = null;
        if (!areAll)
        {
            RemoveFrom(mark);
            return false;
        }

        // A child that something keeps stays, whatever becomes of the index.
        foreach (var child in ChildrenOf(one.Id))
        {
            if (_ids.Contains(child) || _going.Count > MostWith || ReadDeparting(child) is not { } with) continue;
            if (FindKeeper(with).Reason == LifecycleReason.None && plan.MayTake(_session, with.Digest)) TryAdd(with, out _);
        }

        return true;
    }

    // Two images may have one signature, each by a tag of its own, as those have whose bills of materials are alike: it stays by the other tag.
    private bool SignsAnother(Departing signature) => signature.Subject.IsDefault
        && signature.Tags.All(tag => SignatureTag.SubjectOf(tag.Name) is { IsDefault: false })
        && signature.Tags.Any(tag => !_digests.Contains(SignatureTag.SubjectOf(tag.Name)));

    private void RemoveFrom(int mark)
    {
        foreach (var departing in _going.Skip(mark))
        {
            _ids.Remove(departing.Id);
            _digests.Remove(departing.Digest);
        }

        _going.RemoveRange(mark, _going.Count - mark);
    }

    private void Add(Departing departing)
    {
        _going.Add(departing);
        _ids.Add(departing.Id);
        _digests.Add(departing.Digest);
    }

    private (LifecycleReason Reason, string? Holder) FindKeeper(Departing manifest)
    {
        if (keepers.ResourceLock is { } held) return (LifecycleReason.ResourceLocked, held);
        if (manifest.Tags.Count >= MostTags) return (LifecycleReason.Tagged, manifest.Tags[0].Name);
        foreach (var tag in manifest.Tags)
        {
            if ((tag.Locks & AgainstDeletion) != Locks.None) return (LifecycleReason.Locked, tag.Name);
            if (keepers.FindWriteOnce(plan.Repository, tag.Name) is { } rule) return (LifecycleReason.WriteOnce, rule);
            var goesWithSubject = SignatureTag.SubjectOf(tag.Name) is { IsDefault: false } subject && _digests.Contains(subject);
            if (!goesWithSubject && !plan.TakesTag(_session, tag.Name, tag.UpdatedAt)) return (LifecycleReason.Tagged, tag.Name);
        }

        if (((manifest.Locks | repositoryLocks) & AgainstDeletion) != Locks.None) return (LifecycleReason.Locked, null);
        if (keepers.IsQuarantined(manifest.Id)) return (LifecycleReason.Quarantined, null);
        if (manifest.PushedAt > youngSince) return (LifecycleReason.YoungerThanGrace, null);
        if (keepers.FindUser(repositoryId, manifest.Digest) is { } user) return (LifecycleReason.InUse, user);
        if (FindParent(manifest.Digest) is { IsDefault: false } parent) return (LifecycleReason.ListedByKeptIndex, parent.ToString());
        return IsKept(manifest.Subject) ? (LifecycleReason.ReferrerOfKept, manifest.Subject.ToString()) : default;
    }

    private bool IsKept(Digest subject) => !subject.IsDefault && !_digests.Contains(subject) && !plan.HasGone(_session, subject) && Exists(_session, repositoryId, subject);

    private Digest FindParent(Digest digest)
    {
        var parents = new List<Digest>();
        using (var rows = _session.Use(ListParents).Bind(repositoryId).Bind(digest).Bind(MostWith + 1L))
        {
            while (rows.Step()) parents.Add(rows.Digest(0));
        }

        return parents.Find(parent => !_digests.Contains(parent) && !plan.HasGone(_session, parent));
    }

    private Departing? ReadDeparting(long manifestId)
    {
        Departing found;
        using (var row = _session.Use(FindState).Bind(manifestId))
        {
            if (!row.Step()) return null;
            found = new Departing(manifestId, row.Digest(0), row.Int64(1), row.Int64(2), (Locks)row.Int64(3), row.Int64(4))
            {
                PushedAt = row.Int64(5),
                Subject = row.Digest(6),
            };
        }

        var tags = new List<DepartingTag>();
        using var names = _session.Use(ListTags).Bind(manifestId).Bind((long)MostTags);
        while (names.Step()) tags.Add(new DepartingTag(names.Text(0), names.Int64(1), names.Int64(2), (Locks)names.Int64(3)));
        return found with { Tags = tags };
    }

    /// <summary>What refers to a manifest, by its subject or by its tag, and whether that is all of it.</summary>
    private (List<long> Found, bool AreAll) ReferrersOf(Digest digest)
    {
        var found = new List<long>();
        using (var rows = _session.Use(ListReferrers).Bind(repositoryId).Bind(digest).Bind(MostWith + 1L))
        {
            while (rows.Step()) found.Add(rows.Int64(0));
        }

        var areAll = found.Count <= MostWith;
        if (SignatureTag.PrefixOf(digest) is not { } prefix) return (found, areAll);
        using var tags = _session.Use(ListSignatureTags).Bind(repositoryId).Bind(prefix).Bind(prefix + "/").Bind(MostWith + 1L);
        var looked = 0;
        for (; tags.Step(); looked++)
        {
            if (SignatureTag.SubjectOf(tags.Text(0)) == digest) found.Add(tags.Int64(1));
        }

        return (found, areAll && looked <= MostWith);
    }

    private List<long> ChildrenOf(long manifestId)
    {
        var found = new List<long>();
        using var rows = _session.Use(ListChildren).Bind(manifestId).Bind(MostWith + 1L);
        while (rows.Step()) found.Add(rows.Int64(0));
        return found;
    }

    /// <summary>Whether the repository has a manifest, deleted or not.</summary>
    public static bool Exists(Session session, long repositoryId, Digest digest)
    {
        using var row = session.Use(IsThere).Bind(repositoryId).Bind(digest);
        return row.Step();
    }
}

/// <summary>Whether a manifest may go.</summary>
/// <param name="Reason">What keeps it.</param>
/// <param name="Holder">The digest, tag or workload that does; null for itself.</param>
/// <param name="Going">What goes together, the manifest first; nothing where something keeps it.</param>
internal readonly record struct Departure(LifecycleReason Reason, string? Holder, IReadOnlyList<Departing> Going);

/// <summary>A manifest that may be about to go.</summary>
internal sealed record Departing(long Id, Digest Digest, long Size, long HybridTime, Locks Locks, long UpdatedAt)
{
    public long PushedAt { get; init; }

    public Digest Subject { get; init; }

    public IReadOnlyList<DepartingTag> Tags { get; init; } = [];
}

/// <summary>A tag of a manifest that may be about to go.</summary>
internal readonly record struct DepartingTag(string Name, long HybridTime, long UpdatedAt, Locks Locks);

/// <summary>What a plan takes, as the manifests of one repository need it.</summary>
/// <param name="planId">The plan.</param>
/// <param name="repository">The repository.</param>
/// <param name="isActing">Whether it is being done: then nothing goes that is not in it, and what is in it stands until it has gone.</param>
internal sealed class DeparturePlan(long planId, string repository, bool isActing)
{
    /// <summary>The repository.</summary>
    public string Repository => repository;

    /// <summary>Manifests that are about to be added to the plan.</summary>
    public HashSet<Digest> Pending { get; } = [];

    /// <summary>Whether the plan removes the tag, which was last moved at a time.</summary>
    public bool TakesTag(Session session, string tag, long updatedAt)
    {
        var item = RelationalMetadataStore.FindTaken(session, planId, repository, LifecycleItemKind.Tag, tag);
        return item.IsThere && !item.IsDone && item.SeenAt == updatedAt && item.Action != LifecycleAction.ArchiveLock;
    }

    /// <summary>Whether the manifest is as good as gone while the plan is made.</summary>
    public bool HasGone(Session session, Digest digest) => !isActing && IsTaken(session, digest);

    /// <summary>Whether the manifest may go with another.</summary>
    public bool MayTake(Session session, Digest digest)
    {
        if (!isActing) return true;

        // What was deleted before and stands again was pushed again or restored since.
        var item = Find(session, digest);
        return item.IsThere && !item.IsDone && item.Action == LifecycleAction.Delete;
    }

    /// <summary>Whether the plan deletes the manifest.</summary>
    public bool IsTaken(Session session, Digest digest)
    {
        if (Pending.Contains(digest)) return true;
        var item = Find(session, digest);
        return item.IsThere && item.Action == LifecycleAction.Delete;
    }

    private (bool IsThere, long SeenAt, LifecycleAction Action, bool IsDone) Find(Session session, Digest digest) =>
        RelationalMetadataStore.FindTaken(session, planId, repository, LifecycleItemKind.Manifest, digest.ToString());
}
