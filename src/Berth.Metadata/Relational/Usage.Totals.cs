using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What owners hold together, and what repositories held on days. The first is kept by triggers of the schema, the second is written once a day.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListLargestOwners = new("""
        SELECT owner, bytes, blobs, manifests, tags, unique_bytes FROM owner_usage INDEXED BY owner_usage_by_bytes
        WHERE registry_id = ?1 AND bytes > 0 ORDER BY bytes DESC LIMIT ?2
        """);

    // From the row on that tells what was held on the first day.
    private static readonly Sql ReadRepositoryHistory = new("""
        SELECT h.day, h.bytes, h.blobs, h.manifests, h.tags FROM repositories r CROSS JOIN repository_usage_history h ON h.repository_id = r.id
            AND h.day >= COALESCE((SELECT max(l.day) FROM repository_usage_history l WHERE l.repository_id = r.id AND l.day <= ?3), 0)
        WHERE r.registry_id = ?1 AND r.name = ?2 ORDER BY h.day
        """);

    private static readonly Sql FindLastRepository = new("SELECT max(id) FROM repositories");

    private static readonly Sql InsertRepositorySamples = new("""
        INSERT INTO repository_usage_history (repository_id, day, bytes, blobs, manifests, tags)
        SELECT r.id, ?3, u.bytes, u.blobs, u.manifests, u.tags
        FROM repositories r CROSS JOIN usage u ON u.registry_id = r.registry_id AND u.repository_id = r.id
        WHERE r.id > ?1 AND r.id <= ?2
            AND (u.bytes > 0 OR u.manifests > 0 OR EXISTS (SELECT 1 FROM repository_usage_history h WHERE h.repository_id = r.id))
            AND NOT EXISTS (
                SELECT 1 FROM (
                    SELECT h.bytes, h.blobs, h.manifests, h.tags FROM repository_usage_history h WHERE h.repository_id = r.id ORDER BY h.day DESC LIMIT 1) known
                WHERE (known.bytes, known.blobs, known.manifests, known.tags) = (u.bytes, u.blobs, u.manifests, u.tags))
        ON CONFLICT DO NOTHING
        """);

    // Not the last one up to the day: what was held then, and until the next change, is known by it.
    private static readonly Sql ForgetRepositorySamples = new("""
        DELETE FROM repository_usage_history WHERE repository_id > ?1 AND repository_id <= ?2 AND day < ?3 AND EXISTS (
            SELECT 1 FROM repository_usage_history l
            WHERE l.repository_id = repository_usage_history.repository_id AND l.day > repository_usage_history.day AND l.day <= ?3)
        """);

    private static readonly Sql ForgetRepositoryHistories = new("""
        DELETE FROM repository_usage_history WHERE (repository_id, day) IN (
            SELECT h.repository_id, h.day FROM repositories r CROSS JOIN repository_usage_history h ON h.repository_id = r.id WHERE r.registry_id = ?1 LIMIT ?2)
        """);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OwnerUsage>> ListLargestOwnersAsync(long registryId, int limit, CancellationToken cancellationToken) =>
        ReadAsync<(long Registry, int Limit), IReadOnlyList<OwnerUsage>>(
            (registryId, limit),
            static (reader, list) =>
            {
                var owners = new List<OwnerUsage>();
                using var rows = reader.Use(ListLargestOwners).Bind(list.Registry).Bind((long)list.Limit);
                while (rows.Step())
                {
                    var figures = new UsageFigures(rows.Int64(1), rows.Int64(2), rows.Int64(3), rows.Int64(4));
                    owners.Add(new OwnerUsage(rows.Text(0) is { Length: > 0 } owner ? owner : null, figures, rows.Int64(5)));
                }

                return owners;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<UsageSample>> ReadRepositoryHistoryAsync(
        long registryId, RepositoryName repository, DateOnly from, DateOnly until, CancellationToken cancellationToken) =>
        ReadAsync<(long Registry, RepositoryName Repository, DateOnly From, DateOnly Until), IReadOnlyList<UsageSample>>(
            (registryId, repository, from, until),
            static (reader, of) =>
            {
                var samples = new List<UsageSample>();
                using var rows = reader.Use(ReadRepositoryHistory).Bind(of.Registry).Bind(of.Repository.Value).Bind(NumberOf(of.From));
                while (rows.Step())
                {
                    var day = FirstDay.AddDays((int)rows.Int64(0));
                    if (day > of.Until) break;
                    FillUp(samples, day.AddDays(-1));
                    var sample = new UsageSample(day < of.From ? of.From : day, new UsageFigures(rows.Int64(1), rows.Int64(2), rows.Int64(3), rows.Int64(4)));
                    samples.Add(sample);
                }

                FillUp(samples, of.Until);
                return samples;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<long?> SampleRepositoriesAsync(long after, int limit, DateOnly day, DateOnly forgetBefore, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var last = after + limit;
            scope.Use(InsertRepositorySamples).Bind(after).Bind(last).Bind(NumberOf(day)).Tell();
            scope.Use(ForgetRepositorySamples).Bind(after).Bind(last).Bind(NumberOf(forgetBefore)).Tell();
            using var row = scope.Use(FindLastRepository);
            return row.Step() && row.Int64OrNull(0) > last ? last : (long?)null;
        },
        cancellationToken);

    // A day without a row is as the one before it.
    private static void FillUp(List<UsageSample> samples, DateOnly until)
    {
        while (samples.Count > 0 && samples[^1].Day < until) samples.Add(samples[^1] with { Day = samples[^1].Day.AddDays(1) });
    }
}
