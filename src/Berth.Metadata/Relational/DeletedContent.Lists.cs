using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListDeletedRepositories = new("""
        SELECT name, locks, created_at, deleted_at FROM repositories INDEXED BY repositories_deleted
        WHERE registry_id = ?1 AND deleted_at IS NOT NULL AND name >= max(?2, ?3) AND name <> ?3 ORDER BY name LIMIT ?4
        """);

    private static readonly Sql ListDeletedRepositoriesUntil = new("""
        SELECT name, locks, created_at, deleted_at FROM repositories INDEXED BY repositories_deleted
        WHERE registry_id = ?1 AND deleted_at IS NOT NULL AND name >= max(?2, ?3) AND name <> ?3 AND name < ?5 ORDER BY name LIMIT ?4
        """);

    private static readonly Sql FindRepositoryWithContent = new("""
        SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2 AND (listed = 1 OR deleted_at IS NOT NULL)
        """);

    private static readonly Sql ListDeletedManifests = new("""
        SELECT digest, created_at, deleted_at FROM manifests INDEXED BY manifests_deleted
        WHERE repository_id = ?1 AND digest > ?2 AND deleted_at IS NOT NULL ORDER BY digest LIMIT ?3
        """);

    private static readonly Sql ListDeletedTags = new("""
        SELECT name, hybrid_time, digest, deleted_at FROM deleted_tags
        WHERE repository_id = ?1 AND (name, hybrid_time) > (?2, ?3) ORDER BY name, hybrid_time LIMIT ?4
        """);

    /// <inheritdoc/>
    public ValueTask<Page<DeletedRepository>> ListDeletedRepositoriesAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, readable, after, limit),
            static (reader, list) => ReadDeletedRepositories(reader, list.registryId, list.readable, list.after ?? "", list.limit),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<DeletedManifest>?> ListDeletedManifestsAsync(
        long registryId, RepositoryName repository, Digest after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                if (FindWithContent(reader, list.registryId, list.repository) is not { } repositoryId) return null;

                using var rows = reader.Use(ListDeletedManifests).Bind(repositoryId);
                _ = list.after.IsDefault ? rows.Bind(BeforeDigests) : rows.Bind(list.after);
                rows.Bind(list.limit + 1L);
                return ReadPage(
                    rows, list.limit, static row => new DeletedManifest(row.Digest(0), row.Time(1), row.Time(2)), static deleted => deleted.Digest.ToString());
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<DeletedTag>?> ListDeletedTagsAsync(
        long registryId, RepositoryName repository, DeletedTagCursor after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                if (FindWithContent(reader, list.registryId, list.repository) is not { } repositoryId) return null;

                using var rows = reader.Use(ListDeletedTags).Bind(repositoryId).Bind(list.after.Name ?? "").Bind(list.after.Sequence).Bind(list.limit + 1L);
                return ReadPage(
                    rows, list.limit, static row => new DeletedTag(row.Text(0), row.Int64(1), row.Digest(2), row.Time(3)), static deleted => deleted.Name);
            },
            cancellationToken);

    private static Page<DeletedRepository> ReadDeletedRepositories(
        Session reader, long registryId, IReadOnlyList<NameRange> readable, string after, int limit)
    {
        using var transaction = reader.BeginRead();
        var repositories = new List<DeletedRepository>();

        // As in the list of those that stand: an empty range and one that is left out cost a look, and a page ends after ten times its entries.
        var budget = Math.Max(10L * limit, 2);
        foreach (var range in readable)
        {
            if (range.Until is { } end && string.CompareOrdinal(end, after) <= 0) continue;
            if (budget-- == 0) return new Page<DeletedRepository>(repositories, More: true, after);

            using var rows = reader.Use(range.Until is null ? ListDeletedRepositories : ListDeletedRepositoriesUntil);
            rows.Bind(registryId).Bind(range.From).Bind(after).Bind(limit - repositories.Count + budget + 1L);
            if (range.Until is not null) rows.Bind(range.Until);
            while (rows.Step())
            {
                if (repositories.Count == limit || budget == 0) return new Page<DeletedRepository>(repositories, More: true, after);
                after = rows.Text(0);
                if (ListedRows.AreHidden(rows.Int64(1))) budget--;
                else repositories.Add(new DeletedRepository(after, rows.Time(2), rows.Time(3)));
            }

            if (string.CompareOrdinal(range.From, after) > 0) after = range.From;
        }

        return new Page<DeletedRepository>(repositories, More: false, null);
    }

    private static long? FindWithContent(Session reader, long registryId, RepositoryName repository)
    {
        using var row = reader.Use(FindRepositoryWithContent).Bind(registryId).Bind(repository.Value);
        return row.Step() ? row.Int64(0) : null;
    }
}
