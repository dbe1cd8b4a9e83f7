using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How deleted content goes for good: when its time is over, when somebody asks for it, and with its registry.</summary>
public sealed partial class RelationalMetadataStore
{
    private const string DueColumns = "m.id, m.digest, m.size, p.id, p.name, r.id";

    private static readonly Sql ListExpired = new($"""
        SELECT {DueColumns}, r.soft_delete_days FROM registries r
        CROSS JOIN manifest_waits w ON w.registry_id = r.id AND w.kind = 2 AND w.since <= ?1 - r.soft_delete_days * 86400000
        CROSS JOIN manifests m ON m.id = w.manifest_id CROSS JOIN repositories p ON p.id = m.repository_id
        WHERE r.id > 0 AND r.deleted_at IS NULL LIMIT ?2
        """);

    private static readonly Sql ListDeletedOfRegistry = new($"""
        SELECT {DueColumns}, 0 FROM registries r
        CROSS JOIN manifest_waits w ON w.registry_id = r.id AND w.kind = 2
        CROSS JOIN manifests m ON m.id = w.manifest_id CROSS JOIN repositories p ON p.id = m.repository_id
        WHERE r.id = ?1 AND r.purging = 1 LIMIT ?2
        """);

    private static readonly Sql IsExpired = new("SELECT since <= ?2 FROM manifest_waits WHERE manifest_id = ?1 AND kind = 2");

    private static readonly Sql FindAnyParent = new("""
        SELECT p.id, p.digest, p.size, p.deleted_at + g.soft_delete_days * 86400000 FROM edges e
        CROSS JOIN manifests p ON p.id = e.manifest_id CROSS JOIN repositories r ON r.id = p.repository_id CROSS JOIN registries g ON g.id = r.registry_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 AND p.digest <> ?2 LIMIT 1
        """);

    private static readonly Sql ForgetTagsOfManifest = new("DELETE FROM deleted_tags WHERE repository_id = ?1 AND digest = ?2");

    private static readonly Sql ListExpiredTags = new("""
        SELECT d.repository_id, d.name, d.hybrid_time FROM registries r
        CROSS JOIN deleted_tags d ON d.registry_id = r.id AND d.deleted_at <= ?1 - r.soft_delete_days * 86400000
        WHERE r.id > 0 AND r.deleted_at IS NULL LIMIT ?2
        """);

    private static readonly Sql ListTagsOfPurge = new("""
        SELECT d.repository_id, d.name, d.hybrid_time FROM registries r CROSS JOIN deleted_tags d ON d.registry_id = r.id
        WHERE r.id = ?1 AND r.purging = 1 LIMIT ?2
        """);

    private static readonly Sql ForgetEntry = new("DELETE FROM deleted_tags WHERE repository_id = ?1 AND name = ?2 AND hybrid_time = ?3");

    /// <inheritdoc/>
    public Task<DeleteResult> PurgeManifestAsync(
        long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row || FindManifest(scope, row.Id, digest) is not { Deleted: true } manifest)
                return new DeleteResult(DeleteOutcome.Unknown);

            Refuse(row.Locks, Locks.Write, repository);
            RefuseUse(scope, registryId, row.Id, repository, digest);
            using (var parent = scope.Use(FindAnyParent).Bind(row.Id).Bind(digest))
            {
                if (parent.Step()) return new DeleteResult(DeleteOutcome.Held, parent.Digest(1), parent.TimeOrNull(3));
            }

            Purge(scope, new DueManifest(manifest.Id, digest, manifest.Size, row.Id, repository.Value, registryId, 0), leaseUntil, caller);
            return new DeleteResult(DeleteOutcome.Deleted);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<ExpiryResult> ExpireDeletedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var due = ListDueManifests(scope.Use(ListExpired).Bind(scope.Now).Bind(Math.Min(limit, ManifestsOfStep)));
            var result = new ExpiryResult { More = due.Count == Math.Min(limit, ManifestsOfStep) };
            var gone = new HashSet<long>();
            foreach (var manifest in due)
            {
                if (gone.Contains(manifest.Id)) continue;
                if (FindTopOfExpired(scope, manifest) is { } top && FindUse(scope.Session, scope.Now, top.RegistryId, top.RepositoryId, top.Digest) is null)
                {
                    Purge(scope, top, _time.GetUtcNow() + grace, Caller.System);
                    gone.Add(top.Id);
                    result = result with { Deleted = result.Deleted + 1, More = result.More || top.Id != manifest.Id };
                    continue;
                }

                PutOffWait(scope, manifest.Id, scope.Now + MillisecondsOfDay, manifest.Days);
                result = result with { PutOff = result.PutOff + 1 };
            }

            var tags = ForgetTags(scope, scope.Use(ListExpiredTags).Bind(scope.Now).Bind(limit));
            return result with { Tags = tags, More = result.More || tags == limit };
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PurgeDeletedStepAsync(long registryId, TimeSpan grace, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var manifests = ListDueManifests(scope.Use(ListDeletedOfRegistry).Bind(registryId).Bind(Math.Min(limit, ManifestsOfStep)));
            foreach (var manifest in manifests) Purge(scope, manifest, _time.GetUtcNow() + grace, Caller.System);
            return ForgetTags(scope, scope.Use(ListTagsOfPurge).Bind(registryId).Bind(limit)) + manifests.Count > 0;
        },
        cancellationToken);

    private static List<DueManifest> ListDueManifests(Statement due)
    {
        var manifests = new List<DueManifest>();
        using var rows = due;
        while (rows.Step()) manifests.Add(ReadDueManifest(rows));
        return manifests;
    }

    private static DueManifest ReadDueManifest(Statement row) =>
        new(row.Int64(0), row.Digest(1), row.Int64(2), row.Int64(3), row.Text(4), row.Int64(5), row.Int64(6));

    /// <summary>The topmost of the manifest and the indexes that list it; null where that one is not due yet, or stands.</summary>
    private static DueManifest? FindTopOfExpired(WriteScope scope, DueManifest manifest)
    {
        var top = manifest;
        while (true)
        {
            using (var parent = scope.Use(FindAnyParent).Bind(top.RepositoryId).Bind(top.Digest))
            {
                if (!parent.Step()) break;
                top = top with { Id = parent.Int64(0), Digest = parent.Digest(1), Size = parent.Int64(2) };
            }
        }

        using var row = scope.Use(IsExpired).Bind(top.Id).Bind(scope.Now - (manifest.Days * MillisecondsOfDay));
        return row.Step() && row.Bool(0) ? top : null;
    }

    /// <summary>Removes what is left of a deleted manifest; that it was deleted stays known.</summary>
    private static void Purge(WriteScope scope, DueManifest manifest, DateTimeOffset leaseUntil, Caller caller)
    {
        RestartWaits(scope, manifest.RepositoryId, manifest.Id, manifest.Digest);
        RemoveManifestRows(scope, manifest.RepositoryId, manifest.Id, leaseUntil);
        scope.AddUsage(manifest.RegistryId, manifest.RepositoryId, -manifest.Size, 0, 0, uniqueBytes: -manifest.Size);
        scope.AddUsage(manifest.RegistryId, 0, -manifest.Size, 0, 0);
        scope.Use(ForgetTagsOfManifest).Bind(manifest.RepositoryId).Bind(manifest.Digest).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.ManifestPurged, manifest.RegistryId, manifest.Repository, Digest: manifest.Digest), caller);
        UnmarkIfNothingDeleted(scope, manifest.RepositoryId);
    }

    private static int ForgetTags(WriteScope scope, Statement due)
    {
        var entries = new List<(long Repository, string Name, long HybridTime)>();
        using (due)
        {
            while (due.Step()) entries.Add((due.Int64(0), due.Text(1), due.Int64(2)));
        }

        foreach (var (repository, name, hybridTime) in entries) scope.Use(ForgetEntry).Bind(repository).Bind(name).Bind(hybridTime).Tell();
        foreach (var repository in entries.Select(entry => entry.Repository).Distinct()) UnmarkIfNothingDeleted(scope, repository);
        return entries.Count;
    }

    /// <summary>A manifest whose time has come.</summary>
    private readonly record struct DueManifest(
        long Id, Digest Digest, long Size, long RepositoryId, string Repository, long RegistryId, long Days);
}
