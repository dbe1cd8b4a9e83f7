using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What lifecycle rules look at.</summary>
public sealed partial class RelationalMetadataStore
{
    // With ?6 as the time now. Where nothing of the registry is quarantined, one look says so for all rows.
    private static readonly string CandidateColumns = $"""
        m.id, m.digest, m.locks, CASE WHEN r.quarantine IS NULL AND NOT {AnyQuarantine} THEN false ELSE {QuarantinedAt("?6")} END, m.artifact_type, m.architecture,
        COALESCE(NULLIF(m.image_size, 0), m.size), m.described
        """;

    private static readonly Sql ListTagCandidates = new($"""
        SELECT {CandidateColumns}, t.name, t.updated_at, t.locks, m.created_at FROM tags t
        CROSS JOIN manifests m ON m.id = t.manifest_id CROSS JOIN repositories r ON r.id = t.repository_id
        WHERE t.repository_id = ?2 AND (t.updated_at, t.name) < (?3, ?4) ORDER BY t.updated_at DESC, t.name DESC LIMIT ?5
        """);

    private static readonly Sql ListUntaggedCandidates = new($"""
        SELECT {CandidateColumns}, r.name, w.since, r.locks, w.pushed_at, r.id
        FROM manifest_waits w INDEXED BY manifest_waits_due
        CROSS JOIN manifests m ON m.id = w.manifest_id AND +m.deleted_at IS NULL CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE w.registry_id = ?1 AND w.kind = 1 AND (w.since, w.manifest_id) > (?2, ?3) AND w.since <= ?4 ORDER BY w.since, w.manifest_id LIMIT ?5
        """);

    private static readonly Sql FindLastPull = new("""
        SELECT last_at FROM consumers WHERE repository_id = ?1 AND digest = ?2 ORDER BY last_at DESC LIMIT 1
        """);

    private static readonly Sql ListListed = new("SELECT digest FROM edges WHERE manifest_id = ?1 AND kind = 2 LIMIT ?2");

    /// <inheritdoc/>
    public ValueTask<Page<LifecycleCandidate>?> ListTagCandidatesAsync(
        long registryId, RepositoryName repository, TimeKey? after, int limit, CancellationToken cancellationToken) => ReadAsync(
        (registryId, repository, after, limit, Now: NowMilliseconds),
        static (reader, list) =>
        {
            using var transaction = reader.BeginRead();
            long id;
            Locks locks;
            using (var row = reader.Use(FindRepository).Bind(list.registryId).Bind(list.repository.Value))
            {
                if (!row.Step() || !row.Bool(1)) return null;
                (id, locks) = (row.Int64(0), (Locks)row.Int64(2));
            }

            var start = list.after ?? new TimeKey(long.MaxValue, "");
            using var rows = reader.Use(ListTagCandidates).Bind(list.registryId).Bind(id).Bind(start.Time).Bind(start.Name).Bind(list.limit + 1L).Bind(list.Now);
            return ReadPage(rows, list.limit, row => TagOf(row, id, list.repository.Value, locks), static tag => KeyOf(tag));
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<LifecycleCandidate>> ListUntaggedCandidatesAsync(
        long registryId, DateTimeOffset until, TimeKey? after, int limit, CancellationToken cancellationToken) => ReadAsync(
        (registryId, until, after, limit, Now: NowMilliseconds),
        static (reader, list) =>
        {
            var start = list.after ?? new TimeKey(-1, "0");
            using var rows = reader.Use(ListUntaggedCandidates).Bind(list.registryId).Bind(start.Time).Bind(PageKey.Row(start.Name)).Bind(list.until).Bind(list.limit + 1L).Bind(list.Now);
            return ReadPage(rows, list.limit, UntaggedOf, static manifest => KeyOf(manifest));
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DateTimeOffset?>> ReadLastPullsAsync(IReadOnlyList<LifecycleCandidate> candidates, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<LifecycleCandidate>, IReadOnlyList<DateTimeOffset?>>(
            candidates,
            static (reader, candidates) =>
            {
                using var transaction = reader.BeginRead();
                return [.. candidates.Select(candidate => LastPullOf(reader, candidate))];
            },
            cancellationToken);

    // An image is pulled through the index that lists it, or by itself: either counts for both.
    private static DateTimeOffset? LastPullOf(Session session, LifecycleCandidate candidate)
    {
        var digests = new List<Digest> { candidate.Digest };
        using (var listed = session.Use(ListListed).Bind(candidate.ManifestId).Bind(MostDependents))
        {
            while (listed.Step()) digests.Add(listed.Digest(0));
        }

        DateTimeOffset? last = null;
        foreach (var digest in digests)
        {
            using var row = session.Use(FindLastPull).Bind(candidate.RepositoryId).Bind(digest);
            if (row.Step() && row.Time(0) is var at && !(at < last)) last = at;
        }

        return last;
    }

    private static LifecycleCandidate TagOf(Statement row, long repositoryId, string repository, Locks locks) =>
        new(row.Text(8), row.Int64(0), row.Digest(1), row.Time(9))
        {
            Repository = repository,
            RepositoryId = repositoryId,
            Locks = locks | (Locks)row.Int64(2) | (Locks)row.Int64(10),
            OwnLocks = (Locks)row.Int64(2) & (Locks)row.Int64(10),
            PushedAt = row.Time(11),
            IsQuarantined = row.Bool(3),
            ArtifactType = row.TextOrNull(4),
            Architecture = row.TextOrNull(5),
            Size = row.Int64(6),
            IsDescribed = row.Bool(7),
        };

    private static LifecycleCandidate UntaggedOf(Statement row) => new(null, row.Int64(0), row.Digest(1), row.Time(9))
    {
        Repository = row.Text(8),
        RepositoryId = row.Int64(12),
        Locks = (Locks)row.Int64(2) | (Locks)row.Int64(10),
        OwnLocks = (Locks)row.Int64(2),
        PushedAt = row.Time(11),
        IsQuarantined = row.Bool(3),
        ArtifactType = row.TextOrNull(4),
        Architecture = row.TextOrNull(5),
        Size = row.Int64(6),
        IsDescribed = row.Bool(7),
    };

    private static string KeyOf(LifecycleCandidate candidate) => new TimeKey(
        candidate.UpdatedAt.ToUnixTimeMilliseconds(), candidate.Tag ?? candidate.ManifestId.ToString(CultureInfo.InvariantCulture)).ToString();
}
