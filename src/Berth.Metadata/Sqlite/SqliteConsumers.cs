using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    private const string ConsumerColumns = "digest, principal, address, user_agent, count, first_at, last_at";

    private static readonly Sql AddConsumer = new("""
        INSERT INTO consumers (repository_id, digest, principal, address, user_agent, count, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO UPDATE SET count = count + excluded.count, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
        """);

    private static readonly Sql ListConsumers = new($"""
        SELECT {ConsumerColumns} FROM consumers
        WHERE repository_id = (SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2) AND (digest, principal, address, user_agent) > (?3, ?4, ?5, ?6)
        ORDER BY digest, principal, address, user_agent LIMIT ?7
        """);

    private static readonly Sql ListConsumersOfDigest = new($"""
        SELECT {ConsumerColumns} FROM consumers
        WHERE repository_id = (SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2) AND digest = ?3 AND (principal, address, user_agent) > (?4, ?5, ?6)
        ORDER BY principal, address, user_agent LIMIT ?7
        """);

    private static readonly Sql ForgetConsumers = new("""
        DELETE FROM consumers WHERE (repository_id, digest, principal, address, user_agent) IN (
            SELECT repository_id, digest, principal, address, user_agent FROM consumers WHERE last_at < ?1 ORDER BY last_at LIMIT ?2)
        """);

    /// <inheritdoc/>
    public Task AddConsumersAsync(IReadOnlyCollection<ConsumerRecord> pulls, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            foreach (var pull in pulls)
            {
                if (FindRepositoryRow(scope, pull.RegistryId, pull.Repository) is not { } repository) continue;

                var agent = pull.UserAgent.Length > IConsumers.MostOfUserAgent ? pull.UserAgent[..IConsumers.MostOfUserAgent] : pull.UserAgent;
                scope.Use(AddConsumer).Bind(repository.Id).Bind(pull.Digest).Bind(pull.Principal).Bind(pull.Address).Bind(agent).Bind(pull.Count)
                    .Bind(pull.FirstAt).Bind(pull.LastAt).Execute();
            }

            return true;
        },
        Urgency.Push,
        weight: 512L * pulls.Count,
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ConsumerRecord>> ListConsumersAsync(
        long registryId, RepositoryName repository, Digest digest, string? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            (registryId, repository, digest, Key: KeyOfConsumer(after), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(list.digest.IsDefault ? ListConsumers : ListConsumersOfDigest);
                rows.Bind(list.registryId).Bind(list.repository.Value);
                if (!list.digest.IsDefault) rows.Bind(list.digest);
                else if (list.Key.Digest.IsDefault) rows.Bind([(byte)0]);
                else rows.Bind(list.Key.Digest);
                rows.Bind(list.Key.Principal).Bind(list.Key.Address).Bind(list.Key.UserAgent).Bind(list.limit + 1L);
                return ReadPage(
                    rows,
                    list.limit,
                    row => new ConsumerRecord(
                        list.registryId, list.repository, row.Digest(0), row.Text(1), row.Text(2), row.Text(3), row.Int64(4), row.Time(5), row.Time(6)),
                    static pull => PageKey.Of(pull.Digest.ToString(), pull.Principal, pull.Address, pull.UserAgent));
            },
            cancellationToken));

    private static (Digest Digest, string Principal, string Address, string UserAgent) KeyOfConsumer(string? after)
    {
        if (after is null) return (default, "", "", "");

        var parts = PageKey.Parts(after, 4);
        return (Digest.Parse(parts[0]), parts[1], parts[2], parts[3]);
    }
}
