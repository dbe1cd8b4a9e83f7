namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql AddAccessEvent = new("""
        INSERT INTO access_events (registry_id, minute, kind, actor, address, reason, count, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (registry_id, minute, kind, actor, address, reason) DO UPDATE SET
            count = access_events.count + excluded.count, request_id = COALESCE(excluded.request_id, access_events.request_id)
        """);

    private static readonly Sql ListAccessEvents = new("""
        SELECT minute, kind, actor, address, reason, count, request_id FROM access_events
        WHERE registry_id = ?1 AND minute >= ?2 AND (CAST(?4 AS TEXT) IS NULL OR kind = ?4 OR kind = ?5)
        ORDER BY minute DESC, kind DESC, actor DESC, address DESC, reason DESC LIMIT ?3
        """);

    // Registry 0 stands for requests that named none.
    private static readonly Sql ForgetAccessEvents = new("""
        DELETE FROM access_events WHERE (registry_id, minute, kind, actor, address, reason) IN (
            SELECT e.registry_id, e.minute, e.kind, e.actor, e.address, e.reason
            FROM (SELECT 0 AS id UNION ALL SELECT id FROM registries) known CROSS JOIN access_events e ON e.registry_id = known.id AND e.minute < ?1
            LIMIT ?2)
        """);

    /// <inheritdoc/>
    public Task AddAccessEventsAsync(IReadOnlyCollection<AccessEvent> events, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            foreach (var seen in events)
            {
                scope.Use(AddAccessEvent).Bind(seen.RegistryId).Bind(seen.Minute).Bind(seen.Kind).Bind(seen.Actor).Bind(seen.Address)
                    .Bind(seen.Reason).Bind(seen.Count).Bind(seen.RequestId).Tell();
            }

            return true;
        },
        Urgency.Push,
        weight: 512L * events.Count,
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
        long registryId, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        ListAccessEventsAsync(registryId, since, [], limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
        long registryId, DateTimeOffset since, IReadOnlyList<string> kinds, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, since, kinds, limit),
            static (reader, list) =>
            {
                var events = new List<AccessEvent>();
                using var row = reader.Use(ListAccessEvents).Bind(list.registryId).Bind(list.since).Bind(list.limit)
                    .Bind(list.kinds.Count > 0 ? list.kinds[0] : null).Bind(list.kinds.Count > 0 ? list.kinds[^1] : null);
                while (row.Step())
                {
                    events.Add(new AccessEvent(
                        row.Time(0), list.registryId, row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Int64(5), row.TextOrNull(6)));
                }

                return (IReadOnlyList<AccessEvent>)events;
            },
            cancellationToken);
}
