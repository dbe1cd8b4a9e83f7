using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string TagColumns = "t.name, t.locks, m.digest, t.created_at, t.updated_at";

    private static readonly Sql FindTagRecord = new($"""
        SELECT {TagColumns} FROM repositories r
        CROSS JOIN tags t ON t.repository_id = r.id AND t.name = ?3
        CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1
        """);

    // A value, not a join: the list is then a range of one index, which both databases know to be in order.
    private const string OfListedRepository = "(SELECT r.id FROM repositories r WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1)";

    private static readonly Sql ListTags = new($"""
        SELECT t.name, t.locks FROM tags t WHERE t.repository_id = {OfListedRepository} AND t.name > ?3 ORDER BY t.name LIMIT ?4
        """);

    private static readonly Sql ListTagRecords = new($"""
        SELECT {TagColumns} FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE t.repository_id = {OfListedRepository} AND t.name > ?3 ORDER BY t.name LIMIT ?4
        """);

    private static readonly Sql ListTagRecordsOfManifest = new($"""
        SELECT {TagColumns} FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE t.manifest_id = (SELECT o.id FROM manifests o WHERE o.repository_id = {OfListedRepository} AND o.digest = ?5)
            AND t.repository_id = {OfListedRepository} AND t.name > ?3 ORDER BY t.name LIMIT ?4
        """);

    private static readonly Sql ListTagsOldestFirst = new($"""
        SELECT {TagColumns} FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE t.repository_id = ?1 AND (t.updated_at, t.name) > (?2, ?3) ORDER BY t.updated_at, t.name LIMIT ?4
        """);

    private static readonly Sql ListTagsNewestFirst = new($"""
        SELECT {TagColumns} FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE t.repository_id = ?1 AND (t.updated_at, t.name) < (?2, ?3) ORDER BY t.updated_at DESC, t.name DESC LIMIT ?4
        """);

    private static readonly Sql FindListedRepository = new("SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2 AND listed = 1");

    /// <inheritdoc/>
    public ValueTask<TagRecord?> FindTagAsync(long registryId, RepositoryName repository, Tag tag, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, tag),
            static (reader, of) =>
            {
                var rules = ReadTagRules(reader, of.registryId);
                using var row = reader.Use(FindTagRecord).Bind(of.registryId).Bind(of.repository.Value).Bind(of.tag.Value);
                return row.Step() ? ToTag(row, rules, of.repository) : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<string>?> ListTagsAsync(
        long registryId, RepositoryName repository, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, after, limit),
            static (reader, list) => ReadTagNames(reader, list.registryId, list.repository, list.after, list.limit),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<TagRecord>?> ListTagRecordsAsync(
        long registryId, RepositoryName repository, Digest? digest, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, digest, after, limit),
            static (reader, list) =>
            {
                var rules = ReadTagRules(reader, list.registryId);
                using var rows = reader.Use(list.digest is null ? ListTagRecords : ListTagRecordsOfManifest)
                    .Bind(list.registryId).Bind(list.repository.Value).Bind(list.after ?? "").Bind(ListedRows.Most(list.limit) + 1);
                if (list.digest is { } digest) rows.Bind(digest);
                return ReadTags(rows, list.after, list.limit, rows => (rows.Text(0), ListedRows.AreHidden(rows.Int64(1)) ? null : ToTag(rows, rules, list.repository)))
                    ?? NoTags<TagRecord>(reader, list.registryId, list.repository);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<TagRecord>?> ListTagRecordsByTimeAsync(
        long registryId, RepositoryName repository, Digest? digest, bool newestFirst, TimeKey? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, digest, newestFirst, after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                if (FindListed(reader, list.registryId, list.repository) is not { } repositoryId) return null;

                var rules = ReadTagRules(reader, list.registryId);
                var start = list.after ?? new TimeKey(list.newestFirst ? long.MaxValue : long.MinValue, "");
                using var rows = reader.Use(list.newestFirst ? ListTagsNewestFirst : ListTagsOldestFirst)
                    .Bind(repositoryId).Bind(start.Time).Bind(start.Name).Bind(ListedRows.Most(list.limit) + 1);
                return ListedRows.ReadPage(rows, onRow: false, list.limit, list.after?.ToString(), rows =>
                {
                    var isLeftOut = ListedRows.AreHidden(rows.Int64(1)) || (list.digest is { } digest && rows.Digest(2) != digest);
                    return (new TimeKey(rows.Int64(4), rows.Text(0)).ToString(), isLeftOut ? null : ToTag(rows, rules, list.repository));
                });
            },
            cancellationToken);

    private static Page<string>? ReadTagNames(Session reader, long registryId, RepositoryName repository, string? after, int limit)
    {
        using var rows = reader.Use(ListTags).Bind(registryId).Bind(repository.Value).Bind(after ?? "").Bind(ListedRows.Most(limit) + 1);
        return ReadTags(rows, after, limit, static rows => (rows.Text(0), ListedRows.AreHidden(rows.Int64(1)) ? null : rows.Text(0)))
            ?? NoTags<string>(reader, registryId, repository);
    }

    /// <summary>A page of a list; null without any row.</summary>
    private static Page<T>? ReadTags<T>(Statement rows, string? after, int limit, Func<Statement, (string Key, T? Entry)> read)
        where T : class
    {
        return rows.Step() ? ListedRows.ReadPage(rows, onRow: true, limit, after, read) : null;
    }

    /// <summary>What is answered where no tag was found: an empty page, or null where there is no such repository.</summary>
    private static Page<T>? NoTags<T>(Session reader, long registryId, RepositoryName repository)
        where T : class => FindListed(reader, registryId, repository) is null ? null : new Page<T>([], More: false, null);

    private static long? FindListed(Session reader, long registryId, RepositoryName repository)
    {
        using var row = reader.Use(FindListedRepository).Bind(registryId).Bind(repository.Value);
        return row.Step() ? row.Int64(0) : null;
    }

    private static TagRecord ToTag(Statement row, List<TagRule> rules, RepositoryName repository)
    {
        var tag = new TagRecord(row.Text(0), row.Digest(2), row.Time(3), row.Time(4), (Locks)row.Int64(1));
        return rules.Count == 0 ? tag : tag with { WriteOnce = FindWriteOnce(rules, repository, tag.Name) };
    }
}
