using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    private static readonly Sql AddAccessEvent = new("""
        INSERT INTO access_events (minute, registry_id, kind, actor, address, reason, count, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (minute, registry_id, kind, actor, address, reason)
        DO UPDATE SET count = count + excluded.count, request_id = excluded.request_id
        """);

    private static readonly Sql ListAccessEvents = new("""
        SELECT minute, registry_id, kind, actor, address, reason, count, request_id FROM access_events
        WHERE minute >= ?1 AND registry_id = ?2 ORDER BY minute DESC, kind, actor, address, reason LIMIT ?3
        """);

    /// <inheritdoc/>
    public Task AddAccessEventsAsync(IReadOnlyCollection<AccessEvent> events, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            foreach (var e in events)
            {
                scope.Use(AddAccessEvent).Bind(e.Minute).Bind(e.RegistryId).Bind(e.Kind).Bind(e.Actor).Bind(e.Address).Bind(e.Reason)
                    .Bind(e.Count).Bind(e.RequestId).Execute();
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
        long registryId, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            (registryId, since, limit),
            static (reader, list) =>
            {
                var events = new List<AccessEvent>();
                using var row = reader.Use(ListAccessEvents).Bind(list.since).Bind(list.registryId).Bind(list.limit);
                while (row.Step())
                {
                    events.Add(new AccessEvent(
                        row.Time(0), row.Int64(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Int64(6), row.TextOrNull(7)));
                }

                return (IReadOnlyList<AccessEvent>)events;
            },
            cancellationToken));
}
