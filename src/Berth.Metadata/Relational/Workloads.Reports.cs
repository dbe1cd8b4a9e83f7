using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What workloads report, and the lists of it.</summary>
public sealed partial class RelationalMetadataStore
{
    private const string WorkloadColumns = "w.id, w.name, w.cluster, w.namespace, w.owner, w.reported_at, w.reported_by, w.expires_at, w.digests";

    // What a row of a report adds to the log, about.
    private const long WeightOfDigest = 128;

    private static readonly Sql FindWorkload = new($"SELECT {WorkloadColumns} FROM workloads w WHERE w.registry_id = ?1 AND w.name = ?2");

    private static readonly Sql ListWorkloads = new($"""
        SELECT {WorkloadColumns} FROM workloads w WHERE w.registry_id = ?1 AND w.name > ?2 ORDER BY w.name LIMIT ?3
        """);

    private static readonly Sql ListWorkloadsOf = new($"""
        SELECT {WorkloadColumns} FROM workload_digests d CROSS JOIN workloads w ON w.id = d.workload_id
        WHERE d.registry_id = ?1 AND d.digest = ?2 AND d.workload_id > ?3 ORDER BY d.workload_id LIMIT ?4
        """);

    private static readonly Sql CountWorkloads = new("SELECT count(*) FROM workloads WHERE registry_id = ?1");

    private static readonly Sql IsRegistryThere = new("SELECT 1 FROM registries WHERE id = ?1 AND deleted_at IS NULL");

    private static readonly Sql UpsertWorkload = new("""
        INSERT INTO workloads (registry_id, name, cluster, namespace, owner, reported_at, reported_by, expires_at, digests, paced_until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (registry_id, name) DO UPDATE SET cluster = excluded.cluster, namespace = excluded.namespace, owner = excluded.owner,
            reported_at = excluded.reported_at, reported_by = excluded.reported_by, expires_at = excluded.expires_at, digests = excluded.digests, expired = 0,
            paced_until = excluded.paced_until
        """);

    private static readonly Sql ProlongWorkload = new("UPDATE workloads SET reported_at = ?2, expires_at = ?3 WHERE id = ?1");

    private static readonly Sql FindPace = new("SELECT paced_until FROM workloads WHERE id = ?1");

    private static readonly Sql ListWorkloadDigests = new("SELECT digest, repository FROM workload_digests WHERE workload_id = ?1 ORDER BY digest");

    private static readonly Sql SetWorkloadDigest = new("""
        INSERT INTO workload_digests (registry_id, digest, workload_id, repository) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (registry_id, digest, workload_id) DO UPDATE SET repository = excluded.repository
        """);

    private static readonly Sql DeleteWorkloadDigest = new("DELETE FROM workload_digests WHERE registry_id = ?1 AND digest = ?2 AND workload_id = ?3");

    private static readonly Sql DeleteWorkloadDigests = new("""
        DELETE FROM workload_digests WHERE (registry_id, digest, workload_id) IN (
            SELECT registry_id, digest, workload_id FROM workload_digests WHERE workload_id = ?1 LIMIT ?2)
        """);

    private static readonly Sql DeleteWorkload = new("DELETE FROM workloads WHERE id = ?1");

    /// <inheritdoc/>
    public Task<CreateResult<WorkloadRecord>> ReportWorkloadAsync(WorkloadReport report, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            if (!Exists(scope, IsRegistryThere, report.RegistryId)) return new CreateResult<WorkloadRecord>(CreateOutcome.Unknown, null);
            var standing = ReadWorkload(scope.Session, report.RegistryId, report.Name);
            if (standing is null && CountWorkloadsOf(scope, report.RegistryId) >= IWorkloads.MostWorkloads)
                return new CreateResult<WorkloadRecord>(CreateOutcome.TooMany, null);

            var images = Merge(report.Images);
            var until = scope.Now + (long)report.TimeToLive.TotalMilliseconds;
            if (standing is { } before && IsUnchanged(scope, before, report, images, caller))
                return new CreateResult<WorkloadRecord>(CreateOutcome.Updated, Prolong(scope, before, report.TimeToLive));
            if (PaceAfterChange(scope, standing) is not { } paced) return new CreateResult<WorkloadRecord>(CreateOutcome.TooSoon, standing);
            scope.Use(UpsertWorkload).Bind(report.RegistryId).Bind(report.Name).Bind(report.Cluster).Bind(report.Namespace).Bind(report.Owner)
                .Bind(scope.Now).Bind(caller.Name).Bind(until).Bind(images.Count).Bind(paced).Tell();
            var stored = ReadWorkload(scope.Session, report.RegistryId, report.Name)!;
            var (added, removed) = ReplaceDigests(scope, report.RegistryId, stored.Id, images);
            var facts = Facts(
                stored, ("added", added.ToString(CultureInfo.InvariantCulture)), ("removed", removed.ToString(CultureInfo.InvariantCulture)));
            scope.Append(new LedgerEntry(LedgerKinds.WorkloadReported, report.RegistryId, Payload: facts), caller);
            return new CreateResult<WorkloadRecord>(standing is null ? CreateOutcome.Created : CreateOutcome.Updated, stored);
        },
        Urgency.Relief, 1024 + (report.Images.Count * WeightOfDigest), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<WorkloadDetails?> FindWorkloadAsync(long registryId, string name, CancellationToken cancellationToken) => ReadAsync(
        (registryId, name),
        static (reader, of) =>
        {
            using var transaction = reader.BeginRead();
            return ReadWorkload(reader, of.registryId, of.name) is { } workload
                ? new WorkloadDetails(workload, ReadDigests(reader, workload.Id))
                : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<WorkloadRecord>> ListWorkloadsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListWorkloads).Bind(list.registryId).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadWorkload, static workload => workload.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<WorkloadRecord>> ListWorkloadsOfAsync(long registryId, Digest digest, long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, digest, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListWorkloadsOf).Bind(list.registryId).Bind(list.digest).Bind(list.after).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadWorkload, static workload => workload.Id.ToString(CultureInfo.InvariantCulture));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteWorkloadAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadWorkload(scope.Session, registryId, name) is not { } standing) return false;
            RemoveWorkload(scope, registryId, standing, IWorkloads.MostDigests, caller);
            return true;
        },
        cancellationToken);

    /// <summary>Removes a workload with its last digests; the result is how many rows went. More digests than the limit leave the workload for another time.</summary>
    private static int RemoveWorkload(WriteScope scope, long registryId, WorkloadRecord workload, int limit, Caller caller)
    {
        var removed = scope.Use(DeleteWorkloadDigests).Bind(workload.Id).Bind(limit).Execute();
        if (removed == limit && ReadDigests(scope.Session, workload.Id).Count > 0) return removed;
        scope.Use(DeleteWorkload).Bind(workload.Id).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.WorkloadDeleted, registryId, Payload: Facts(workload)), caller);
        return removed + 1;
    }

    /// <summary>Whether a report says what the one before said, which still holds: then nothing happened that somebody would look for in the ledger.</summary>
    private static bool IsUnchanged(
        WriteScope scope, WorkloadRecord standing, WorkloadReport report, Dictionary<Digest, RepositoryName?> images, Caller caller)
    {
        if (standing.ExpiresAt.ToUnixTimeMilliseconds() <= scope.Now || standing.Digests != images.Count) return false;
        if ((standing.Cluster, standing.Namespace, standing.Owner, standing.ReportedBy) != (report.Cluster, report.Namespace, report.Owner, caller.Name)) return false;
        if ((long)(standing.ExpiresAt - standing.ReportedAt).TotalMilliseconds != (long)report.TimeToLive.TotalMilliseconds) return false;
        return ReadDigests(scope.Session, standing.Id).TrueForAll(image => images.TryGetValue(image.Digest, out var repository) && repository == image.Repository);
    }

    /// <summary>Lets a report hold for its time from now on; not again within a moment, which would only write.</summary>
    private static WorkloadRecord Prolong(WriteScope scope, WorkloadRecord standing, TimeSpan timeToLive)
    {
        var step = timeToLive / 10 < IWorkloads.LeastProlongation ? timeToLive / 10 : IWorkloads.LeastProlongation;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(scope.Now);
        if (now - standing.ReportedAt < step) return standing;
        scope.Use(ProlongWorkload).Bind(standing.Id).Bind(now).Bind(now + timeToLive).Tell();
        return standing with { ReportedAt = now, ExpiresAt = now + timeToLive };
    }

    /// <summary>Until when the pace of changes is filled up after one more; null when it may not be yet.</summary>
    private static long? PaceAfterChange(WriteScope scope, WorkloadRecord? standing)
    {
        const long OneChange = 60_000 / IWorkloads.ChangesPerMinute;
        if (standing is null) return scope.Now + OneChange;
        using var row = scope.Use(FindPace).Bind(standing.Id);
        var paced = Math.Max(row.Step() ? row.Int64(0) : 0, scope.Now) + OneChange;
        return paced - scope.Now <= 60_000 ? paced : null;
    }

    // The same digest in two repositories counts wherever it is.
    private static Dictionary<Digest, RepositoryName?> Merge(IReadOnlyList<UsedImage> images)
    {
        var merged = new Dictionary<Digest, RepositoryName?>(images.Count);
        foreach (var image in images)
        {
            if (!merged.TryAdd(image.Digest, image.Repository) && merged[image.Digest] != image.Repository) merged[image.Digest] = null;
        }

        return merged;
    }

    /// <summary>Makes the rows of a workload those of its report; what stays is not written again.</summary>
    private static (int Added, int Removed) ReplaceDigests(WriteScope scope, long registryId, long workloadId, Dictionary<Digest, RepositoryName?> images)
    {
        var standing = ReadDigests(scope.Session, workloadId).ToDictionary(image => image.Digest, image => image.Repository);
        var (added, removed) = (0, 0);
        foreach (var digest in standing.Keys.Where(digest => !images.ContainsKey(digest)))
        {
            scope.Use(DeleteWorkloadDigest).Bind(registryId).Bind(digest).Bind(workloadId).Tell();
            removed++;
        }

        foreach (var (digest, repository) in images)
        {
            var isKnown = standing.TryGetValue(digest, out var before);
            if (isKnown && before == repository) continue;
            scope.Use(SetWorkloadDigest).Bind(registryId).Bind(digest).Bind(workloadId).Bind(repository?.Value).Tell();
            if (!isKnown) added++;
        }

        return (added, removed);
    }

    private static long CountWorkloadsOf(WriteScope scope, long registryId)
    {
        using var row = scope.Use(CountWorkloads).Bind(registryId);
        return row.OnlyInt64();
    }

    private static List<UsedImage> ReadDigests(Session session, long workloadId)
    {
        var images = new List<UsedImage>();
        using var rows = session.Use(ListWorkloadDigests).Bind(workloadId);
        while (rows.Step()) images.Add(new UsedImage(rows.Digest(0), rows.TextOrNull(1) is { } name ? RepositoryName.Parse(name) : null));
        return images;
    }

    private static WorkloadRecord? ReadWorkload(Session session, long registryId, string name)
    {
        using var row = session.Use(FindWorkload).Bind(registryId).Bind(name);
        return row.Step() ? ReadWorkload(row) : null;
    }

    private static WorkloadRecord ReadWorkload(Statement row) => ReadWorkload(row, 0);

    private static WorkloadRecord ReadWorkload(Statement row, int first) => new(
        row.Int64(first), row.Text(first + 1), row.TextOrNull(first + 2), row.TextOrNull(first + 3), row.TextOrNull(first + 4),
        row.Time(first + 5), row.Text(first + 6), row.Time(first + 7), row.Int64(first + 8));

    private static string Facts(WorkloadRecord workload, params ReadOnlySpan<(string Name, string? Value)> more) => JsonText.Facts(
    [
        ("workload", workload.Name), ("cluster", workload.Cluster), ("namespace", workload.Namespace), ("owner", workload.Owner),
        ("digests", workload.Digests.ToString(CultureInfo.InvariantCulture)), ("expiresAt", workload.ExpiresAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)), .. more,
    ]);
}
