using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    // Each is a whole transaction's worth of work at most; the step ends behind the manifest that fills it.
    private const int ManifestsOfStep = 20;

    private static readonly Sql FindRepositoryRecord = new("""
        SELECT r.created_at, COALESCE((SELECT u.manifests FROM usage u WHERE u.registry_id = r.registry_id AND u.repository_id = r.id), 0), r.anonymous_pull,
            (SELECT COUNT(*) FROM tags t WHERE t.repository_id = r.id), COALESCE((SELECT MAX(t.updated_at) FROM tags t WHERE t.repository_id = r.id), r.created_at)
        FROM repositories r WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1
        """);

    private static readonly Sql ListTagRecords = new("""
        SELECT t.name, m.digest, t.created_at, t.updated_at FROM repositories r
        LEFT JOIN tags t ON t.repository_id = r.id AND t.name > ?3
        LEFT JOIN manifests m ON m.id = t.manifest_id
        WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1 ORDER BY t.name LIMIT ?4
        """);

    private static readonly Sql ListTagRecordsOfManifest = new("""
        SELECT t.name, m.digest, t.created_at, t.updated_at FROM repositories r
        LEFT JOIN manifests m ON m.repository_id = r.id AND m.digest = ?5
        LEFT JOIN tags t ON t.manifest_id = m.id AND t.repository_id = r.id AND t.name > ?3
        WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1 ORDER BY t.name LIMIT ?4
        """);

    private static readonly Sql LastManifest = new("SELECT max(id) FROM manifests");

    private static readonly Sql NextManifest = new("""
        SELECT digest FROM manifests WHERE repository_id = ?1 AND digest > COALESCE(?2, x'') AND deleted_at IS NULL ORDER BY digest LIMIT 1
        """);

    /// <inheritdoc/>
    public ValueTask<RepositoryRecord?> FindRepositoryAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            (registryId, repository),
            static (reader, of) =>
            {
                using var row = reader.Use(FindRepositoryRecord).Bind(of.registryId).Bind(of.repository.Value);
                return row.Step() ? new RepositoryRecord(of.repository, row.Time(0), row.Time(4), row.Int64(1), row.Int64(3), row.Bool(2)) : null;
            },
            cancellationToken));

    /// <inheritdoc/>
    public ValueTask<Page<TagRecord>?> ListTagRecordsAsync(
        long registryId, RepositoryName repository, Digest? digest, string? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            (registryId, repository, digest, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(list.digest is null ? ListTagRecords : ListTagRecordsOfManifest)
                    .Bind(list.registryId).Bind(list.repository.Value).Bind(list.after ?? "").Bind(list.limit + 1L);
                if (list.digest is { } digest) rows.Bind(digest);
                if (!rows.Step()) return null;

                var tags = new List<TagRecord>();
                if (rows.IsNull(0)) return new Page<TagRecord>(tags, More: false, null);
                do
                {
                    if (tags.Count == list.limit) return new Page<TagRecord>(tags, More: true, tags.Count == 0 ? list.after : tags[^1].Name);
                    tags.Add(new TagRecord(rows.Text(0), rows.Digest(1), rows.Time(2), rows.Time(3)));
                }
                while (rows.Step());

                return new Page<TagRecord>(tags, More: false, null);
            },
            cancellationToken));

    /// <inheritdoc/>
    public Task<RepositoryDeletion> DeleteRepositoryStepAsync(
        long registryId, RepositoryName repository, RepositoryDeletionCursor? cursor, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken) =>
        RelieveAsync(
            scope =>
            {
                var manifests = new List<Digest>();
                var tags = new List<string>();
                if (FindRepositoryRow(scope, registryId, repository) is not { } row) return new RepositoryDeletion(manifests, tags, null);

                var after = cursor?.After ?? default;
                var until = cursor?.Until ?? Last(scope);
                for (var looked = 0; looked < ManifestsOfStep; looked++)
                {
                    var next = FindDigest(scope, NextManifest, row.Id, after);
                    if (next.IsDefault) return new RepositoryDeletion(manifests, tags, null);
                    if (DeleteFromTheTop(next)) after = next;
                }

                return new RepositoryDeletion(manifests, tags, new RepositoryDeletionCursor(after, until));

                // Deletes the topmost index that lists the manifest; true when the manifest itself is done with, deleted or kept.
                bool DeleteFromTheTop(Digest digest)
                {
                    var top = digest;
                    for (var parent = FindDigest(scope, FindParent, row.Id, top); !parent.IsDefault; parent = FindDigest(scope, FindParent, row.Id, top)) top = parent;
                    if (FindManifest(scope, row.Id, top) is not { Deleted: false } manifest || manifest.Id > until) return true;

                    var entry = new LedgerEntry(LedgerKinds.ManifestDeleted, registryId, repository.Value, Digest: top);
                    tags.AddRange(DeleteManifestWithTags(scope, entry, row.Id, manifest, leaseUntil, caller));
                    manifests.Add(top);
                    return top == digest;
                }
            },
            cancellationToken);

    private static long Last(WriteScope scope)
    {
        using var row = scope.Use(LastManifest);
        return row.Step() && !row.IsNull(0) ? row.Int64(0) : 0;
    }
}
