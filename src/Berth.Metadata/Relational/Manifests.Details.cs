using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string DetailColumns = """
        m.id, m.digest, m.media_type, m.artifact_type, m.created_at, m.updated_at, m.locks, m.damaged, m.pushed_by, m.described, m.image_size,
        m.config_media_type, m.architecture, m.os,
        (SELECT c.last_at FROM consumers c WHERE c.repository_id = m.repository_id AND c.digest = m.digest ORDER BY c.last_at DESC LIMIT 1)
        """;

    private static readonly Sql FindDetails = new($"""
        SELECT {DetailColumns} FROM manifests m WHERE m.repository_id = ?1 AND m.digest = ?2 AND +m.deleted_at IS NULL AND m.damaged = 0
        """);

    private static readonly Sql ListDetails = new($"""
        SELECT {DetailColumns} FROM manifests m WHERE m.repository_id = ?1 AND m.digest > ?2 AND m.deleted_at IS NULL ORDER BY m.digest LIMIT ?3
        """);

    private static readonly Sql ListDetailsOldestFirst = new($"""
        SELECT {DetailColumns} FROM manifests m INDEXED BY manifests_by_time
        WHERE m.repository_id = ?1 AND (m.updated_at, m.digest) > (?2, ?3) AND m.deleted_at IS NULL ORDER BY m.updated_at, m.digest LIMIT ?4
        """);

    private static readonly Sql ListDetailsNewestFirst = new($"""
        SELECT {DetailColumns} FROM manifests m INDEXED BY manifests_by_time
        WHERE m.repository_id = ?1 AND (m.updated_at, m.digest) < (?2, ?3) AND m.deleted_at IS NULL ORDER BY m.updated_at DESC, m.digest DESC LIMIT ?4
        """);

    private static readonly Sql ListNamesOfManifest = new("SELECT name, locks FROM tags WHERE manifest_id = ?1 ORDER BY repository_id, name LIMIT ?2");

    private static readonly Sql ListEntriesOfIndex = new("""
        SELECT e.digest, c.architecture, c.os FROM edges e
        LEFT JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest AND +c.deleted_at IS NULL
        WHERE e.manifest_id = ?1 AND e.kind = 2 ORDER BY e.digest LIMIT ?2
        """);

    // With a column that the index by time does not have: PostgreSQL would rather read all of a repository's tags there than the one row by its key.
    private static readonly Sql FindTimeOfTag = new("""
        SELECT COALESCE((SELECT updated_at FROM tags WHERE repository_id = ?1 AND name = ?2 AND manifest_id > 0),
            (SELECT updated_at FROM tombstones WHERE repository_id = ?1 AND kind = 1 AND name = ?2))
        """);

    private static readonly Sql FindTimeOfManifest = new("""
        SELECT COALESCE((SELECT updated_at FROM manifests WHERE repository_id = ?1 AND digest = ?2),
            (SELECT updated_at FROM tombstones WHERE repository_id = ?1 AND kind = 2 AND name = ?3))
        """);

    private static readonly Sql DescribeManifest = new("""
        UPDATE manifests SET described = 1, image_size = ?3, config_media_type = ?4, architecture = ?5, os = ?6 WHERE id = ?1 AND digest = ?2
        """);

    /// <inheritdoc/>
    public ValueTask<ManifestDetails?> FindManifestDetailsAsync(
        long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, digest),
            static (reader, of) =>
            {
                using var transaction = reader.BeginRead();
                if (FindListed(reader, of.registryId, of.repository) is not { } repositoryId) return null;

                using var row = reader.Use(FindDetails).Bind(repositoryId).Bind(of.digest);
                return row.Step() ? ReadDetails(reader, row) : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ManifestDetails>?> ListManifestDetailsAsync(
        long registryId, RepositoryName repository, Digest after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                if (FindListed(reader, list.registryId, list.repository) is not { } repositoryId) return null;

                using var rows = reader.Use(ListDetails).Bind(repositoryId);
                _ = list.after.IsDefault ? rows.Bind(BeforeDigests) : rows.Bind(list.after);
                rows.Bind(ListedRows.Most(list.limit) + 1);
                return ReadDetails(reader, rows, list.limit, list.after.IsDefault ? null : list.after.ToString(), static rows => rows.Digest(1).ToString());
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ManifestDetails>?> ListManifestDetailsByTimeAsync(
        long registryId, RepositoryName repository, bool newestFirst, TimeKey? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, newestFirst, after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                if (FindListed(reader, list.registryId, list.repository) is not { } repositoryId) return null;

                using var rows = reader.Use(list.newestFirst ? ListDetailsNewestFirst : ListDetailsOldestFirst).Bind(repositoryId)
                    .Bind(list.after?.Time ?? (list.newestFirst ? long.MaxValue : long.MinValue));
                _ = list.after is { } key ? rows.Bind(Digest.Parse(key.Name)) : rows.Bind(BeforeDigests);
                rows.Bind(ListedRows.Most(list.limit) + 1);
                return ReadDetails(
                    reader, rows, list.limit, list.after?.ToString(), static rows => new TimeKey(rows.Int64(5), rows.Digest(1).ToString()).ToString());
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TimeKey?> FindTimeKeyAsync(long registryId, RepositoryName repository, Reference entry, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, entry),
            static (reader, of) =>
            {
                using var transaction = reader.BeginRead();
                if (FindListed(reader, of.registryId, of.repository) is not { } repositoryId) return null;

                var name = of.entry.ToString();
                using var row = reader.Use(of.entry.IsDigest ? FindTimeOfManifest : FindTimeOfTag).Bind(repositoryId);
                if (of.entry.IsDigest) row.Bind(of.entry.Digest);
                row.Bind(name);
                return row.Step() && row.Int64OrNull(0) is { } time ? new TimeKey(time, name) : (TimeKey?)null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task DescribeManifestsAsync(IReadOnlyCollection<DescribedManifest> described, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            foreach (var (sequence, digest, says) in described)
            {
                scope.Use(DescribeManifest).Bind(sequence).Bind(digest).Bind(says.ImageSize).Bind(says.ConfigMediaType).Bind(says.Architecture).Bind(says.Os)
                    .Tell();
            }

            return true;
        },
        Urgency.Push,
        weight: 256L * described.Count,
        cancellationToken);

    /// <summary>A page of manifests, without those that are left out of lists or whose bytes are lost.</summary>
    private static Page<ManifestDetails> ReadDetails(Session reader, Statement rows, int limit, string? after, Func<Statement, string> keyOf)
    {
        var names = 0;
        return ListedRows.ReadPage(
            rows, onRow: false, limit, after,
            row =>
            {
                if (ListedRows.AreHidden(row.Int64(6)) || row.Bool(7)) return (keyOf(row), (ManifestDetails?)null);
                var details = ReadDetails(reader, row);
                names += details.Tags.Count + details.References.Count;
                return (keyOf(row), (ManifestDetails?)details);
            },
            () => names >= ManifestDetails.MostNames);
    }

    private static ManifestDetails ReadDetails(Session reader, Statement row)
    {
        var (id, mediaType) = (row.Int64(0), row.Text(2));
        return new ManifestDetails(id, row.Digest(1), mediaType, row.Time(4), row.Time(5), (Locks)row.Int64(6))
        {
            ArtifactType = row.TextOrNull(3),
            PushedBy = row.TextOrNull(8),
            IsDescribed = row.Bool(9),
            Description = new ManifestDescription(row.Int64OrNull(10), row.TextOrNull(11), row.TextOrNull(12), row.TextOrNull(13)),
            PulledAt = row.TimeOrNull(14),
            Tags = ReadNames(reader, id),
            References = MediaTypes.IsIndex(mediaType) ? ReadEntries(reader, id) : [],
        };
    }

    private static List<string> ReadNames(Session reader, long manifestId)
    {
        var names = new List<string>();
        using var rows = reader.Use(ListNamesOfManifest).Bind(manifestId).Bind(ManifestDetails.MostNames);
        while (rows.Step())
        {
            if (!ListedRows.AreHidden(rows.Int64(1))) names.Add(rows.Text(0));
        }

        return names;
    }

    private static List<ListedManifest> ReadEntries(Session reader, long manifestId)
    {
        var entries = new List<ListedManifest>();
        using var rows = reader.Use(ListEntriesOfIndex).Bind(manifestId).Bind(ManifestDetails.MostNames);
        while (rows.Step()) entries.Add(new ListedManifest(rows.Digest(0), rows.TextOrNull(1), rows.TextOrNull(2)));
        return entries;
    }
}
