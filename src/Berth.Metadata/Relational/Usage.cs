using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string RepositoryUsageColumns = """
        r.name, r.owner, COALESCE(u.unique_bytes, 0), COALESCE(u.bytes, 0), COALESCE(u.blobs, 0), COALESCE(u.manifests, 0), COALESCE(u.tags, 0),
        COALESCE(u.reserved, 0), r.quota, r.soft_quota, r.soft_quota_passed_at
        """;

    private const string JoinUsageOfRepository = "LEFT JOIN usage u ON u.registry_id = r.registry_id AND u.repository_id = r.id";

    private static readonly Sql ReadRegistryFigures = new("""
        SELECT COALESCE(u.bytes, 0), COALESCE(u.blobs, 0), COALESCE(u.manifests, 0), COALESCE(u.tags, 0), COALESCE(u.reserved, 0), g.quota, g.soft_quota,
            g.soft_quota_passed_at
        FROM registries g LEFT JOIN usage u ON u.registry_id = g.id AND u.repository_id = 0 WHERE g.id = ?1 AND g.deleted_at IS NULL
        """);

    private static readonly Sql ReadRepositoryFigures = new($"""
        SELECT {RepositoryUsageColumns} FROM repositories r {JoinUsageOfRepository} WHERE r.registry_id = ?1 AND r.name = ?2
        """);

    private static readonly Sql ListLargest = new($"""
        SELECT {RepositoryUsageColumns} FROM usage u INDEXED BY usage_by_bytes CROSS JOIN repositories r ON r.id = u.repository_id
        WHERE u.registry_id = ?1 AND u.repository_id > 0 AND u.bytes > 0 ORDER BY u.bytes DESC LIMIT ?2
        """);

    private static readonly Sql ListFiguresByName = new($"""
        SELECT {RepositoryUsageColumns} FROM repositories r {JoinUsageOfRepository} WHERE r.registry_id = ?1 AND r.name > ?2 ORDER BY r.name LIMIT ?3
        """);

    private static readonly Sql ListTotalsOfRegistries = new("""
        SELECT g.id, g.name, COALESCE(u.bytes, 0), COALESCE(u.blobs, 0), COALESCE(u.manifests, 0), COALESCE(u.tags, 0)
        FROM registries g LEFT JOIN usage u ON u.registry_id = g.id AND u.repository_id = 0 WHERE g.id > ?1 AND g.deleted_at IS NULL ORDER BY g.id LIMIT ?2
        """);

    private static readonly Sql InsertSample = new("""
        INSERT INTO usage_history (registry_id, day, bytes, blobs, manifests, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING
        """);

    private static readonly Sql ForgetSamples = new("DELETE FROM usage_history WHERE registry_id = ?1 AND day < ?2");

    private static readonly Sql ReadHistory = new("""
        SELECT day, bytes, blobs, manifests, tags FROM usage_history WHERE registry_id = ?1 AND day >= ?2 ORDER BY day
        """);

    /// <inheritdoc/>
    public ValueTask<UsageFigures?> ReadUsageAsync(long registryId, CancellationToken cancellationToken) => ReadAsync(
        registryId,
        static (reader, registryId) =>
        {
            using var row = reader.Use(ReadRegistryFigures).Bind(registryId);
            return row.Step() ? ReadFigures(row, 0) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RepositoryUsage?> ReadRepositoryUsageAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository),
            static (reader, of) =>
            {
                using var row = reader.Use(ReadRepositoryFigures).Bind(of.registryId).Bind(of.repository.Value);
                return row.Step() && ReadRepositoryUsage(row) is var found && (HoldsSomething(found) || found.Figures.Limits.IsAny) ? found : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RepositoryUsage>> ListLargestRepositoriesAsync(long registryId, int limit, CancellationToken cancellationToken) =>
        ReadAsync<(long Registry, int Limit), IReadOnlyList<RepositoryUsage>>(
            (registryId, limit),
            static (reader, list) =>
            {
                var largest = new List<RepositoryUsage>();
                using var rows = reader.Use(ListLargest).Bind(list.Registry).Bind((long)list.Limit);
                while (rows.Step()) largest.Add(ReadRepositoryUsage(rows));
                return largest;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RepositoryUsage>> ListRepositoryUsageAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListFiguresByName).Bind(list.registryId).Bind(list.after ?? "").Bind(ListedRows.Most(list.limit) + 1);
                return ListedRows.ReadPage<RepositoryUsage>(
                    rows, onRow: false, list.limit, list.after, static row => ReadRepositoryUsage(row) is var found && HoldsSomething(found) ? (found.Name, found) : (found.Name, null));
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<UsageSample>> ReadUsageHistoryAsync(long registryId, DateOnly from, CancellationToken cancellationToken) =>
        ReadAsync<(long Registry, DateOnly From), IReadOnlyList<UsageSample>>(
            (registryId, from),
            static (reader, of) =>
            {
                var samples = new List<UsageSample>();
                using var rows = reader.Use(ReadHistory).Bind(of.Registry).Bind(NumberOf(of.From));
                while (rows.Step())
                    samples.Add(new UsageSample(FirstDay.AddDays((int)rows.Int64(0)), new UsageFigures(rows.Int64(1), rows.Int64(2), rows.Int64(3), rows.Int64(4))));
                return samples;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegistryTotals>> ListRegistryTotalsAsync(long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync<(long After, int Limit), IReadOnlyList<RegistryTotals>>(
            (after, limit),
            static (reader, list) =>
            {
                var totals = new List<RegistryTotals>();
                using var rows = reader.Use(ListTotalsOfRegistries).Bind(list.After).Bind((long)list.Limit);
                while (rows.Step())
                    totals.Add(new RegistryTotals(rows.Int64(0), rows.Text(1), new UsageFigures(rows.Int64(2), rows.Int64(3), rows.Int64(4), rows.Int64(5))));
                return totals;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task SampleUsageAsync(IReadOnlyList<RegistryTotals> registries, DateOnly day, DateOnly forgetBefore, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            foreach (var (id, _, figures) in registries)
            {
                scope.Use(InsertSample).Bind(id).Bind(NumberOf(day)).Bind(figures.Bytes).Bind(figures.Blobs).Bind(figures.Manifests).Bind(figures.Tags).Tell();
                scope.Use(ForgetSamples).Bind(id).Bind(NumberOf(forgetBefore)).Tell();
            }

            return true;
        },
        cancellationToken);

    private static DateOnly FirstDay => new(1970, 1, 1);

    private static long NumberOf(DateOnly day) => day.DayNumber - FirstDay.DayNumber;

    private static bool HoldsSomething(RepositoryUsage repository) =>
        repository.Figures is { Bytes: > 0 } or { Blobs: > 0 } or { Manifests: > 0 } or { Reserved: > 0 };

    private static RepositoryUsage ReadRepositoryUsage(Statement row) => new(row.Text(0), ReadFigures(row, 3), row.Int64(2), row.TextOrNull(1));

    private static UsageFigures ReadFigures(Statement row, int first)
    {
        var bytes = row.Int64(first);
        var limits = new QuotaLimits(row.Int64OrNull(first + 5), row.Int64OrNull(first + 6));
        return new UsageFigures(bytes, row.Int64(first + 1), row.Int64(first + 2), row.Int64(first + 3))
        {
            Reserved = row.Int64(first + 4),
            Limits = limits,
            SoftLimitPassedAt = bytes > limits.Soft ? row.TimeOrNull(first + 7) : null,
        };
    }
}
