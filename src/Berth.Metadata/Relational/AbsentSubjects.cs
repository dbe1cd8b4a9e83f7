namespace Berth.Metadata.Relational;

/// <summary>How a referrer that was pushed before its subject waits for it, and expires when it does not come.</summary>
public sealed partial class RelationalMetadataStore
{
    private const string AbsentSubjectPayload = """{"policy":"referrerExpiry"}""";

    // A subject that was deleted and can be restored is there.
    private static readonly Sql WaitForSubject = new("""
        INSERT INTO absent_subjects (manifest_id, repository_id, subject, since)
        SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = ?2 AND digest = ?3)
        ON CONFLICT (manifest_id) DO UPDATE SET repository_id = excluded.repository_id, subject = excluded.subject, since = excluded.since
        """);

    private static readonly Sql EndWaitsForSubject = new("DELETE FROM absent_subjects WHERE repository_id = ?1 AND subject = ?2");

    private static readonly Sql EndWaitForSubject = new("DELETE FROM absent_subjects WHERE manifest_id = ?1");

    private static readonly Sql PutOffWaitForSubject = new("UPDATE absent_subjects SET since = ?2 WHERE manifest_id = ?1");

    private static readonly Sql ListReferrersDue = new($"""
        SELECT {DueColumns}, 0, a.since, r.name FROM absent_subjects a
        CROSS JOIN manifests m ON m.id = a.manifest_id CROSS JOIN repositories p ON p.id = m.repository_id CROSS JOIN registries r ON r.id = p.registry_id
        WHERE a.since <= ?1 AND (a.since, a.manifest_id) > (?3, ?4) AND r.deleted_at IS NULL ORDER BY a.since, a.manifest_id LIMIT ?2
        """);

    /// <inheritdoc/>
    public Task<ExpiryResult> ExpireReferrersAsync(TimeSpan age, TimeSpan grace, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var ageInMilliseconds = (long)age.TotalMilliseconds;
            var due = ListDueManifests(scope.Use(ListReferrersDue).Bind(scope.Now - ageInMilliseconds).Bind(limit).Bind(0L).Bind(0L));
            var result = new ExpiryResult { More = due.Count == limit };
            foreach (var referrer in due)
            {
                if (result.Deleted >= ManifestsOfStep) return result with { More = true };

                // Without a row it is tagged, or went with one before and does not wait any more.
                var row = FindUntaggedRow(scope.Session, scope.Now, referrer.Id);
                var until = row is { } untagged ? KeptUntil(scope, referrer, untagged, grace) : scope.Now + MillisecondsOfDay;
                if (until is { } later)
                {
                    result = result with { PutOff = result.PutOff + scope.Use(PutOffWaitForSubject).Bind(referrer.Id).Bind(later - ageInMilliseconds).Execute() };
                    continue;
                }

                var (deleted, restorable) = DeleteWithDependents(scope, referrer, row!.Value, grace, AbsentSubjectPayload);
                result = result with { Deleted = result.Deleted + deleted, Restorable = result.Restorable + restorable };
            }

            return result;
        },
        cancellationToken);

    private static void AddReferrers(
        Session session, long now, (TimeSpan Expiry, TimeSpan Grace) times, GarbageKey after, int limit, List<(GarbageKey, GarbageEntry)> entries)
    {
        if (limit <= 0) return;
        var age = (long)times.Expiry.TotalMilliseconds;
        var (time, last) = after.Kind == GarbageKind.Referrer ? (after.Time, after.Repository) : (0L, 0L);
        var found = new List<(DueManifest Manifest, GarbageKey Key, GarbageEntry Entry)>();
        using (var rows = session.Use(ListReferrersDue).Bind(now - age).Bind(limit).Bind(time).Bind(last))
        {
            while (rows.Step())
            {
                var manifest = ReadDueManifest(rows);
                var entry = new GarbageEntry(GarbageKind.Referrer, GarbageVerdict.Taken, DateTimeOffset.FromUnixTimeMilliseconds(rows.Int64(7) + age))
                {
                    Registry = rows.Text(8),
                    Repository = manifest.Repository,
                    Digest = manifest.Digest,
                    Size = manifest.Size,
                };
                found.Add((manifest, new GarbageKey(GarbageKind.Referrer, rows.Int64(7), manifest.Id, default, ""), entry));
            }
        }

        foreach (var (manifest, key, entry) in found)
        {
            var keeper = FindUntaggedRow(session, now, manifest.Id) is { } row ? FindKeeper(session, now, manifest, row, times.Grace) : LifecycleReason.Tagged;
            entries.Add((key, keeper == LifecycleReason.None ? entry : entry with { Verdict = GarbageVerdict.Kept, Keeper = keeper }));
        }
    }
}
