using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string ConsumerColumns = "c.repository_id, r.name, c.digest, c.principal, c.address, c.user_agent, c.count, c.first_at, c.last_at";

    // Before and behind every digest, of which the first byte is the algorithm.
    private static readonly byte[] BeforeDigests = [0];
    private static readonly byte[] BehindDigests = [byte.MaxValue];

    private static readonly Sql AddConsumer = new("""
        INSERT INTO consumers (registry_id, repository_id, digest, principal, address, user_agent, count, first_at, last_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (registry_id, repository_id, digest, principal, address, user_agent) DO UPDATE SET count = consumers.count + excluded.count,
            first_at = min(consumers.first_at, excluded.first_at), last_at = max(consumers.last_at, excluded.last_at)
        """);

    private static readonly Sql AddToConsumer = new("""
        UPDATE consumers SET count = count + ?7, first_at = min(first_at, ?8), last_at = max(last_at, ?9)
        WHERE registry_id = ?1 AND repository_id = ?2 AND digest = ?3 AND principal = ?4 AND address = ?5 AND user_agent = ?6
        """);

    private static readonly Sql CountConsumers = new("""
        SELECT count(*) FROM (SELECT 1 FROM consumers WHERE registry_id = ?1 AND repository_id = ?2 AND digest = ?3 AND principal = ?4 LIMIT ?5) known
        """);

    private static readonly Sql ListConsumers = new($"""
        SELECT {ConsumerColumns} FROM consumers c CROSS JOIN repositories r ON r.id = c.repository_id
        WHERE c.registry_id = ?1 AND (c.repository_id, c.digest, c.principal, c.address, c.user_agent) > (?2, ?3, ?4, ?5, ?6)
            AND (c.repository_id, c.digest) <= (?7, ?8)
        ORDER BY c.repository_id, c.digest, c.principal, c.address, c.user_agent LIMIT ?9
        """);

    private static readonly Sql ListConsumersOfPrincipal = new($"""
        SELECT {ConsumerColumns} FROM consumers c INDEXED BY consumers_by_principal CROSS JOIN repositories r ON r.id = c.repository_id
        WHERE c.registry_id = ?1 AND c.principal = ?4 AND (c.repository_id, c.digest, c.address, c.user_agent) > (?2, ?3, ?5, ?6)
            AND (c.repository_id, c.digest) <= (?7, ?8)
        ORDER BY c.repository_id, c.digest, c.address, c.user_agent LIMIT ?9
        """);

    private static readonly Sql ForgetConsumers = new("""
        DELETE FROM consumers WHERE (registry_id, repository_id, digest, principal, address, user_agent) IN (
            SELECT registry_id, repository_id, digest, principal, address, user_agent FROM consumers WHERE last_at < ?1 ORDER BY last_at LIMIT ?2)
        """);

    /// <inheritdoc/>
    public Task AddConsumersAsync(IReadOnlyCollection<ConsumerRecord> pulls, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            foreach (var pull in pulls)
            {
                if (FindRepositoryRow(scope, pull.RegistryId, pull.Repository) is not { } repository) continue;

                var agent = pull.UserAgent.Length > IConsumers.MostOfUserAgent ? pull.UserAgent[..IConsumers.MostOfUserAgent] : pull.UserAgent;
                var kept = pull with { UserAgent = agent };
                if (Bind(scope.Use(AddToConsumer), repository.Id, kept).Execute() > 0) continue;

                var isFull = HasRoomForNone(scope, repository.Id, kept);
                if (isFull) kept = kept with { Address = IConsumers.Others, UserAgent = IConsumers.Others };
                Bind(scope.Use(AddConsumer), repository.Id, kept).Execute();
            }

            return true;
        },
        Urgency.Push,
        weight: 512L * pulls.Count,
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ConsumerRecord>> ListConsumersAsync(ConsumerQuery query, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync((query, Key: KeyOfConsumer(after), limit), static (reader, list) => ReadConsumers(reader, list.query, list.Key, list.limit), cancellationToken);

    private static Page<ConsumerRecord> ReadConsumers(Session reader, ConsumerQuery query, ConsumerKey? after, int limit)
    {
        using var transaction = reader.BeginRead();
        long? repository = null;
        if (query.Repository is { } name)
        {
            using var row = reader.Use(FindRepository).Bind(query.RegistryId).Bind(name.Value);
            if (!row.Step()) return new Page<ConsumerRecord>([], More: false, null);
            repository = row.Int64(0);
        }

        using var rows = reader.Use(query.Principal is null ? ListConsumers : ListConsumersOfPrincipal).Bind(query.RegistryId);
        var start = after ?? new ConsumerKey(repository ?? 0, query.Digest, query.Principal ?? "", "", "");
        rows.Bind(start.Repository);
        if (start.Digest.IsDefault) rows.Bind(BeforeDigests);
        else rows.Bind(start.Digest);
        rows.Bind(query.Principal ?? start.Principal).Bind(start.Address).Bind(start.UserAgent).Bind(repository ?? long.MaxValue);
        if (query.Digest.IsDefault) rows.Bind(BehindDigests);
        else rows.Bind(query.Digest);
        rows.Bind(limit + 1L);

        var items = new List<ConsumerRecord>();
        string? last = null;
        for (var looked = 0; rows.Step(); looked++)
        {
            if (looked == limit) return new Page<ConsumerRecord>(items, More: true, last);

            var pull = new ConsumerRecord(
                query.RegistryId, RepositoryName.Parse(rows.Text(1)), rows.Digest(2), rows.Text(3), rows.Text(4), rows.Text(5), rows.Int64(6), rows.Time(7), rows.Time(8));
            last = PageKey.Of(
                rows.Int64(0).ToString(CultureInfo.InvariantCulture), pull.Digest.ToString(), pull.Principal, pull.Address, pull.UserAgent);
            if (!(pull.LastAt < query.Since)) items.Add(pull);
        }

        return new Page<ConsumerRecord>(items, More: false, null);
    }

    private static Statement Bind(Statement statement, long repositoryId, ConsumerRecord pull) =>
        statement.Bind(pull.RegistryId).Bind(repositoryId).Bind(pull.Digest).Bind(pull.Principal).Bind(pull.Address).Bind(pull.UserAgent)
            .Bind(pull.Count).Bind(pull.FirstAt).Bind(pull.LastAt);

    private static bool HasRoomForNone(WriteScope scope, long repositoryId, ConsumerRecord pull)
    {
        var most = pull.Principal.Length == 0 ? IConsumers.MostOfStrangers : IConsumers.MostOfPrincipal;
        using var row = scope.Use(CountConsumers).Bind(pull.RegistryId).Bind(repositoryId).Bind(pull.Digest).Bind(pull.Principal).Bind((long)most);
        return row.OnlyInt64() >= most;
    }

    private static ConsumerKey? KeyOfConsumer(string? after)
    {
        if (after is null) return null;

        var parts = PageKey.Parts(after, 5);
        return new ConsumerKey(PageKey.Row(parts[0]), Digest.Parse(parts[1]), parts[2], parts[3], parts[4]);
    }

    private sealed record ConsumerKey(long Repository, Digest Digest, string Principal, string Address, string UserAgent);
}
