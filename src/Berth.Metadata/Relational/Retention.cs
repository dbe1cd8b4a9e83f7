using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How manifests that no tag has named for some days are deleted, and what keeps one.</summary>
public sealed partial class RelationalMetadataStore
{
    // What goes with one manifest; more of it stays for its own time.
    private const int MostDependents = 100;

    private const string UntaggedPayload = """{"policy":"retention"}""";

    private static readonly Sql ListUntagged = new($"""
        SELECT {DueColumns}, r.retention_days FROM registries r
        CROSS JOIN manifest_waits w ON w.registry_id = r.id AND w.kind = 1 AND w.since <= ?1 - r.retention_days * 86400000
        CROSS JOIN manifests m ON m.id = w.manifest_id CROSS JOIN repositories p ON p.id = m.repository_id
        WHERE r.id > 0 AND r.retention = 1 AND r.deleted_at IS NULL LIMIT ?2
        """);

    // Whatever the queue says, these decide; a subject that was deleted may come back, and its referrers must be there then.
    private static readonly Sql FindUntagged = new($"""
        SELECT m.size, m.hybrid_time, m.locks, m.updated_at, w.pushed_at, r.locks,
            EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id),
            EXISTS (SELECT 1 FROM manifests s WHERE s.repository_id = m.repository_id AND s.digest = m.subject),
            EXISTS (SELECT 1 FROM manifests s WHERE s.repository_id = m.repository_id AND s.digest = m.subject AND +s.deleted_at IS NULL),
            {QuarantinedAt("?2")}
        FROM manifest_waits w CROSS JOIN manifests m ON m.id = w.manifest_id CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE w.manifest_id = ?1 AND w.kind = 1 AND +m.deleted_at IS NULL
        """);

    private static readonly Sql ListUntaggedChildren = new("""
        SELECT c.id, c.digest FROM edges e
        CROSS JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest AND +c.deleted_at IS NULL
        CROSS JOIN manifest_waits w ON w.manifest_id = c.id AND w.kind = 1
        WHERE e.manifest_id = ?1 AND e.kind = 2 LIMIT ?2
        """);

    private static readonly Sql ListUntaggedReferrers = new("""
        SELECT m.id, m.digest FROM manifests m INDEXED BY manifests_by_subject CROSS JOIN manifest_waits w ON w.manifest_id = m.id AND w.kind = 1
        WHERE m.repository_id = ?1 AND m.subject = ?2 AND m.deleted_at IS NULL LIMIT ?3
        """);

    /// <inheritdoc/>
    public Task<ExpiryResult> DeleteUntaggedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var due = ListDueManifests(scope.Use(ListUntagged).Bind(scope.Now).Bind(limit));
            var result = new ExpiryResult { More = due.Count == limit };
            foreach (var manifest in due)
            {
                if (result.Deleted >= ManifestsOfStep) return result with { More = true };
                if (FindUntaggedRow(scope.Session, scope.Now, manifest.Id) is not { } row) continue; // It went with one before.
                if (KeptUntil(scope, manifest, row, grace) is { } until)
                {
                    PutOffWait(scope, manifest.Id, until, manifest.Days);
                    result = result with { PutOff = result.PutOff + 1 };
                    continue;
                }

                var (deleted, restorable) = DeleteWithDependents(scope, manifest, row, grace, UntaggedPayload);
                result = result with { Deleted = result.Deleted + deleted, Restorable = result.Restorable + restorable };
            }

            return result;
        },
        cancellationToken);

    /// <summary>Until when a manifest is not looked at again, because of what keeps it now; null when nothing does.</summary>
    private static long? KeptUntil(WriteScope scope, DueManifest manifest, UntaggedRow row, TimeSpan grace) => FindKeeper(scope.Session, scope.Now, manifest, row, grace) switch
    {
        LifecycleReason.None => null,
        LifecycleReason.YoungerThanGrace => row.PushedAt + (long)grace.TotalMilliseconds,
        _ => scope.Now + MillisecondsOfDay,
    };

    /// <summary>What keeps a manifest now.</summary>
    private static LifecycleReason FindKeeper(Session session, long now, DueManifest manifest, UntaggedRow row, TimeSpan grace)
    {
        if (row.PushedAt + (long)grace.TotalMilliseconds > now) return LifecycleReason.YoungerThanGrace;
        if (row.IsTagged) return LifecycleReason.Tagged;
        if (row.HasSubject) return LifecycleReason.ReferrerOfKept;
        if (row.IsQuarantined) return LifecycleReason.Quarantined;
        if (((row.Manifest.Locks | row.RepositoryLocks) & AgainstDeletion) != Locks.None) return LifecycleReason.Locked;
        if (!FindDigest(session, FindParent, manifest.RepositoryId, manifest.Digest).IsDefault) return LifecycleReason.ListedByKeptIndex;
        if (FindUse(session, now, manifest.RegistryId, manifest.RepositoryId, manifest.Digest) is not null) return LifecycleReason.InUse;
        return FindLockOfRegistry(session, manifest.RegistryId) is null ? LifecycleReason.None : LifecycleReason.ResourceLocked;
    }

    /// <summary>Deletes a manifest, and the untagged manifests that it lists or that refer to it and that nothing else keeps: one act, which is undone as one.</summary>
    private (int Deleted, int Restorable) DeleteWithDependents(WriteScope scope, DueManifest manifest, UntaggedRow row, TimeSpan grace, string payload)
    {
        var deletion = BeginDeletion(scope, manifest.RegistryId, scope.Now, _time.GetUtcNow() + grace, Caller.System, payload);
        var waiting = new Queue<(long Id, Digest Digest)>(ListDependents(scope, manifest.RepositoryId, manifest.Id, manifest.Digest));
        var (deleted, restorable) = (0, 0);
        Delete(manifest.Digest, row);
        while (deleted <= MostDependents && waiting.TryDequeue(out var next))
        {
            if (FindUntaggedRow(scope.Session, scope.Now, next.Id) is not { } dependent) continue;

            // Its subject went a moment ago, and can come back only together with it.
            var other = manifest with { Id = next.Id, Digest = next.Digest };
            if (KeptUntil(scope, other, dependent with { HasSubject = dependent.HasLiveSubject }, grace) is not null) continue;
            foreach (var further in ListDependents(scope, manifest.RepositoryId, next.Id, next.Digest)) waiting.Enqueue(further);
            Delete(next.Digest, dependent);
        }

        return (deleted, restorable);

        void Delete(Digest digest, UntaggedRow of)
        {
            var entry = new LedgerEntry(LedgerKinds.ManifestDeleted, manifest.RegistryId, manifest.Repository, Digest: digest);
            if (DeleteManifestWithTags(scope, entry, manifest.RepositoryId, of.Manifest, [], deletion)) restorable++;
            deleted++;
        }
    }

    private static List<(long Id, Digest Digest)> ListDependents(WriteScope scope, long repositoryId, long manifestId, Digest digest)
    {
        var dependents = new List<(long, Digest)>();
        using (var children = scope.Use(ListUntaggedChildren).Bind(manifestId).Bind(MostDependents))
        {
            while (children.Step()) dependents.Add((children.Int64(0), children.Digest(1)));
        }

        using var referrers = scope.Use(ListUntaggedReferrers).Bind(repositoryId).Bind(digest).Bind(MostDependents);
        while (referrers.Step()) dependents.Add((referrers.Int64(0), referrers.Digest(1)));
        return dependents;
    }

    private static UntaggedRow? FindUntaggedRow(Session session, long now, long manifestId)
    {
        using var row = session.Use(FindUntagged).Bind(manifestId).Bind(now);
        if (!row.Step()) return null;
        var manifest = new ManifestRow(manifestId, row.Int64(0), Deleted: false, row.Int64(1), Damaged: false, (Locks)row.Int64(2), row.Int64(3));
        return new UntaggedRow(manifest, row.Int64(4), (Locks)row.Int64(5), row.Bool(6), row.Bool(7), row.Bool(8), row.Bool(9));
    }

    /// <summary>A manifest in the queue as the writer sees it.</summary>
    private readonly record struct UntaggedRow(
        ManifestRow Manifest, long PushedAt, Locks RepositoryLocks, bool IsTagged, bool HasSubject, bool HasLiveSubject, bool IsQuarantined);
}
