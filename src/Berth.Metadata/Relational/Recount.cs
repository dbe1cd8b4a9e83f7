namespace Berth.Metadata.Relational;

/// <summary>Counts everything once more, and puts right what is kept of it.</summary>
public sealed partial class RelationalMetadataStore
{
    // What each registry should know of the repositories that hold a blob.
    private const string CountedHolders = """
        SELECT r.registry_id, m.digest, count(*) AS repositories, CAST(sum(r.id) AS BIGINT) AS repository_sum
        FROM memberships m JOIN repositories r ON r.id = m.repository_id GROUP BY r.registry_id, m.digest
        """;

    private const string CountedUsage = """
        WITH counted AS (
            SELECT registry_id, repository_id, CAST(sum(bytes) AS BIGINT) AS bytes, CAST(sum(blobs) AS BIGINT) AS blobs,
                CAST(sum(manifests) AS BIGINT) AS manifests, CAST(sum(tags) AS BIGINT) AS tags,
                CAST(sum(unique_bytes) AS BIGINT) AS unique_bytes, CAST(sum(reserved) AS BIGINT) AS reserved
            FROM (
                SELECT r.registry_id, r.id AS repository_id, b.size AS bytes, 1 AS blobs, 0 AS manifests, 0 AS tags, 0 AS unique_bytes, 0 AS reserved
                    FROM memberships m JOIN repositories r ON r.id = m.repository_id JOIN blobs b ON b.digest = m.digest
                UNION ALL SELECT c.registry_id, 0, b.size, 1, 0, 0, 0, 0 FROM registry_blobs c JOIN blobs b ON b.digest = c.digest
                UNION ALL SELECT c.registry_id, c.repository_sum, 0, 0, 0, 0, b.size, 0
                    FROM registry_blobs c JOIN blobs b ON b.digest = c.digest WHERE c.repositories = 1
                UNION ALL SELECT 0, 0, size, 1, 0, 0, 0, 0 FROM blobs
                UNION ALL SELECT r.registry_id, r.id, m.size, 0, CASE WHEN m.deleted_at IS NULL THEN 1 ELSE 0 END, 0, m.size, 0 FROM manifests m JOIN repositories r ON r.id = m.repository_id
                UNION ALL SELECT r.registry_id, 0, m.size, 0, CASE WHEN m.deleted_at IS NULL THEN 1 ELSE 0 END, 0, 0, 0 FROM manifests m JOIN repositories r ON r.id = m.repository_id
                UNION ALL SELECT r.registry_id, r.id, 0, 0, 0, 1, 0, 0 FROM tags t JOIN repositories r ON r.id = t.repository_id
                UNION ALL SELECT r.registry_id, 0, 0, 0, 0, 1, 0, 0 FROM tags t JOIN repositories r ON r.id = t.repository_id
                UNION ALL SELECT 0, 0, 0, 0, 1, 0, 0, 0 FROM manifests WHERE deleted_at IS NULL
                UNION ALL SELECT registry_id, repository_id, 0, 0, 0, 0, 0, repository_reserved FROM uploads WHERE state < 2
                UNION ALL SELECT registry_id, 0, 0, 0, 0, 0, 0, reserved FROM uploads WHERE state < 2) parts
            GROUP BY registry_id, repository_id),
        different AS (
            SELECT k.registry_id, k.repository_id,
                COALESCE(t.bytes, 0) AS kept_bytes, COALESCE(t.blobs, 0) AS kept_blobs, COALESCE(t.manifests, 0) AS kept_manifests,
                COALESCE(t.tags, 0) AS kept_tags, COALESCE(t.unique_bytes, 0) AS kept_unique, COALESCE(t.reserved, 0) AS kept_reserved,
                COALESCE(c.bytes, 0) AS bytes, COALESCE(c.blobs, 0) AS blobs, COALESCE(c.manifests, 0) AS manifests,
                COALESCE(c.tags, 0) AS tags, COALESCE(c.unique_bytes, 0) AS unique_bytes, COALESCE(c.reserved, 0) AS reserved
            FROM (SELECT registry_id, repository_id FROM usage UNION SELECT registry_id, repository_id FROM counted) k
            LEFT JOIN usage t USING (registry_id, repository_id) LEFT JOIN counted c USING (registry_id, repository_id)
            WHERE (COALESCE(t.bytes, 0), COALESCE(t.blobs, 0), COALESCE(t.manifests, 0), COALESCE(t.tags, 0), COALESCE(t.unique_bytes, 0), COALESCE(t.reserved, 0))
                <> (COALESCE(c.bytes, 0), COALESCE(c.blobs, 0), COALESCE(c.manifests, 0), COALESCE(c.tags, 0), COALESCE(c.unique_bytes, 0), COALESCE(c.reserved, 0)))
        """;

    private const string UsageCheck = $"""
        {CountedUsage}
        SELECT 'registry ' || registry_id || ', repository ' || repository_id, NULL FROM different
        """;

    private static readonly Sql ListDifferences = WithDeltas($"""
        {CountedUsage}
        SELECT d.registry_id, d.repository_id, g.name, r.name, kept_bytes, kept_blobs, kept_manifests, kept_tags, kept_unique, kept_reserved,
            d.bytes, d.blobs, d.manifests, d.tags, d.unique_bytes, d.reserved
        FROM different d LEFT JOIN registries g ON g.id = d.registry_id LEFT JOIN repositories r ON r.id = d.repository_id
        """);

    /// <summary>A text that reads all of usage, in one snapshot with what is not folded into it yet.</summary>
    private static Sql WithDeltas(string text) => new(
        text,
        postgres: text.Replace("FROM usage UNION", "FROM usage_now UNION", StringComparison.Ordinal).Replace("JOIN usage t", "JOIN usage_now t", StringComparison.Ordinal));

    private static readonly Sql RecountHolders = new($"""
        INSERT INTO registry_blobs (registry_id, digest, repositories, repository_sum)
        SELECT * FROM ({CountedHolders}) c WHERE NOT EXISTS (
            SELECT 1 FROM registry_blobs b WHERE b.registry_id = c.registry_id AND b.digest = c.digest AND b.repositories = c.repositories
                AND b.repository_sum = c.repository_sum)
        ON CONFLICT (registry_id, digest) DO UPDATE SET repositories = excluded.repositories, repository_sum = excluded.repository_sum
        """);

    private static readonly Sql ForgetHolders = new("""
        DELETE FROM registry_blobs WHERE NOT EXISTS (
            SELECT 1 FROM memberships m JOIN repositories r ON r.id = m.repository_id
            WHERE m.digest = registry_blobs.digest AND r.registry_id = registry_blobs.registry_id)
        """);

    private static readonly Sql SetUsage = new("""
        INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes, reserved) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (registry_id, repository_id) DO UPDATE SET bytes = excluded.bytes, blobs = excluded.blobs, manifests = excluded.manifests, tags = excluded.tags,
            unique_bytes = excluded.unique_bytes, reserved = excluded.reserved
        """);

    private const string CountedOwners = """
        SELECT u.registry_id, COALESCE(r.owner, ''), sum(u.bytes), sum(u.blobs), sum(u.manifests), sum(u.tags), sum(u.unique_bytes)
        FROM usage u JOIN repositories r ON r.id = u.repository_id WHERE u.repository_id > 0 GROUP BY 1, 2
        """;

    // Owners who hold nothing may have a row or none.
    private const string OwnersCheck = $"""
        WITH counted (registry_id, owner, bytes, blobs, manifests, tags, unique_bytes) AS ({CountedOwners})
        SELECT 'registry ' || registry_id || ', owner "' || owner || '"', NULL FROM (
            SELECT * FROM (SELECT * FROM counted EXCEPT SELECT registry_id, owner, bytes, blobs, manifests, tags, unique_bytes FROM owner_usage) missing
            UNION
            SELECT * FROM (SELECT registry_id, owner, bytes, blobs, manifests, tags, unique_bytes FROM owner_usage EXCEPT SELECT * FROM counted) excess) different
        WHERE (bytes, blobs, manifests, tags, unique_bytes) <> (0, 0, 0, 0, 0)
        """;

    private static readonly Sql ForgetAllOwners = new("DELETE FROM owner_usage");

    private static readonly Sql RecountOwners = new($"""
        INSERT INTO owner_usage (registry_id, owner, bytes, blobs, manifests, tags, unique_bytes) {CountedOwners}
        """);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UsageDifference>> RecountUsageAsync(bool repair, CancellationToken cancellationToken)
    {
        if (!repair) return await Task.Run(async () => await ReadAtLengthAsync(0, static (reader, _) => Tell(ReadDifferences(reader)), cancellationToken), cancellationToken);

        return await RelieveAtLengthAsync(
            scope =>
            {
                // The registries' own counts first: what a registry holds, and who holds something alone, is counted by them.
                scope.Use(RecountHolders).Tell();
                scope.Use(ForgetHolders).Tell();
                var differences = ReadDifferences(scope.Session);
                foreach (var one in differences)
                {
                    var counted = scope.Use(SetUsage).Bind(one.RegistryId).Bind(one.RepositoryId);
                    foreach (var figure in one.Counted) counted.Bind(figure);
                    counted.Execute();
                }

                // They follow what was put right; whatever they were wrong by themselves is put right with it.
                scope.Use(ForgetAllOwners).Execute();
                scope.Use(RecountOwners).Tell();
                return Tell(differences);
            },
            cancellationToken);
    }

    private static List<Difference> ReadDifferences(Session session)
    {
        var differences = new List<Difference>();
        using var rows = session.Use(ListDifferences);
        while (rows.Step())
        {
            differences.Add(new Difference(
                rows.Int64(0), rows.Int64(1), rows.TextOrNull(2), rows.TextOrNull(3), [.. Enumerable.Range(4, 6).Select(rows.Int64)],
                [.. Enumerable.Range(10, 6).Select(rows.Int64)]));
        }

        return differences;
    }

    private static IReadOnlyList<UsageDifference> Tell(List<Difference> differences)
    {
        return [.. differences.Select(one => new UsageDifference(one.Registry, one.Repository, Words(one.Kept), Words(one.Counted)))];

        static string Words(long[] figures) =>
            $"{figures[0]} bytes, {figures[1]} blobs, {figures[2]} manifests, {figures[3]} tags, {figures[4]} bytes held alone, {figures[5]} bytes reserved";
    }

    /// <summary>Figures of one row that differ.</summary>
    private sealed record Difference(long RegistryId, long RepositoryId, string? Registry, string? Repository, long[] Kept, long[] Counted);
}
