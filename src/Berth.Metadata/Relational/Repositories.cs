using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindRepository = new($"""
        SELECT r.id, r.listed, r.locks, r.quota IS NOT NULL OR g.quota IS NOT NULL, g.quota IS NOT NULL OR g.soft_quota IS NOT NULL OR {AnyLimit}
        FROM registries g CROSS JOIN repositories r ON r.registry_id = g.id WHERE g.id = ?1 AND r.name = ?2
        """);

    private static readonly Sql InsertRepository = Sql.Insert(
        "INSERT INTO repositories (registry_id, name, listed, created_at) VALUES (?1, ?2, 0, ?3)");

    private static readonly Sql SetListed = new("UPDATE repositories SET listed = ?2 WHERE id = ?1");

    private static readonly Sql RepositoryIsListed = new("SELECT 1 FROM repositories WHERE registry_id = ?1 AND name = ?2 AND listed = 1");

    // One lower bound: of two, SQLite seeks to the first and reads all that the second leaves out.
    private static readonly Sql ListRepositories = new("""
        SELECT name, locks FROM repositories WHERE registry_id = ?1 AND listed = 1 AND name >= max(?2, ?3) AND name <> ?3 ORDER BY name LIMIT ?4
        """);

    private static readonly Sql ListRepositoriesUntil = new("""
        SELECT name, locks FROM repositories WHERE registry_id = ?1 AND listed = 1 AND name >= max(?2, ?3) AND name <> ?3 AND name < ?5 ORDER BY name LIMIT ?4
        """);

    /// <inheritdoc/>
    public ValueTask<bool> RepositoryExistsAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository),
            static (reader, of) =>
            {
                using var row = reader.Use(RepositoryIsListed).Bind(of.registryId).Bind(of.repository.Value);
                return row.Step();
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<string>> ListRepositoriesAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, readable, after, limit),
            static (reader, list) => ReadRepositories(reader, list.registryId, list.readable, list.after ?? "", list.limit, withHidden: false),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<string>> ListEveryRepositoryAsync(
        long registryId, IReadOnlyList<NameRange> readable, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, readable, after, limit),
            static (reader, list) => ReadRepositories(reader, list.registryId, list.readable, list.after ?? "", list.limit, withHidden: true),
            cancellationToken);

    private static Page<string> ReadRepositories(
        Session reader, long registryId, IReadOnlyList<NameRange> readable, string after, int limit, bool withHidden)
    {
        using var transaction = reader.BeginRead();
        var names = new List<string>();

        // Each range costs a seek even when it is empty, and a repository that is left out a row; a page that has looked at ten times its rows returns what it has.
        var budget = Math.Max(10L * limit, 2);
        foreach (var range in readable)
        {
            if (range.Until is { } end && string.CompareOrdinal(end, after) <= 0) continue;
            if (budget-- == 0) return new Page<string>(names, More: true, after);

            using var rows = reader.Use(range.Until is null ? ListRepositories : ListRepositoriesUntil);
            rows.Bind(registryId).Bind(range.From).Bind(after).Bind(limit - names.Count + budget + 1L);
            if (range.Until is not null) rows.Bind(range.Until);
            while (rows.Step())
            {
                if (names.Count == limit || budget == 0) return new Page<string>(names, More: true, after);
                after = rows.Text(0);
                if (withHidden || !ListedRows.AreHidden(rows.Int64(1))) names.Add(after);
                else budget--;
            }

            // The range may be looked at once more by the next page, never skipped: its end may be the next range's first name.
            if (string.CompareOrdinal(range.From, after) > 0) after = range.From;
        }

        return new Page<string>(names, More: false, null);
    }

    private static RepositoryRow? FindRepositoryRow(WriteScope scope, long registryId, RepositoryName repository)
    {
        using var row = scope.Use(FindRepository).Bind(registryId).Bind(repository.Value);
        return row.Step() ? new RepositoryRow(row.Int64(0), row.Bool(1), (Locks)row.Int64(2), row.Bool(3), row.Bool(4)) : null;
    }

    private static RepositoryRow EnsureRepository(WriteScope scope, long registryId, RepositoryName repository)
    {
        if (FindRepositoryRow(scope, registryId, repository) is { } found) return found;

        scope.Use(InsertRepository).Bind(registryId).Bind(repository.Value).Bind(scope.Now).Insert();
        return FindRepositoryRow(scope, registryId, repository)!.Value;
    }

    /// <summary>A repository's row as the writer sees it.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Listed">Whether it holds a manifest.</param>
    /// <param name="Locks">Its locks.</param>
    /// <param name="HasQuota">Whether it or its registry has a quota that must not be exceeded.</param>
    /// <param name="HasLimit">Whether one of them has a limit of any kind.</param>
    private readonly record struct RepositoryRow(long Id, bool Listed, Locks Locks, bool HasQuota, bool HasLimit);
}
