namespace Berth.Metadata.Relational;

/// <summary>The processes that serve the installation.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql UpsertNode = new("""
        INSERT INTO nodes (id, name, version, is_draining, started_at, seen_at, clock_offset, level) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, is_draining = excluded.is_draining, seen_at = excluded.seen_at,
            clock_offset = excluded.clock_offset, level = excluded.level
        """);

    private static readonly Sql FindLeastLevel = new("SELECT COALESCE(min(level), 0) FROM nodes WHERE seen_at >= ?1");

    private static readonly Sql ForgetNodes = new("DELETE FROM nodes WHERE seen_at < ?1");

    private static readonly Sql DeleteNode = new("DELETE FROM nodes WHERE id = ?1");

    private static readonly Sql ListAllNodes = new("""
        SELECT id, name, version, is_draining, started_at, seen_at, clock_offset FROM nodes ORDER BY started_at, id LIMIT ?1
        """);

    private static readonly Sql SetDemand = new("UPDATE nodes SET demand = ?2, demand_at = ?3 WHERE id = ?1");

    private static readonly Sql ListDemands = new(
        "SELECT id, CASE WHEN demand_at >= ?2 THEN demand END FROM nodes WHERE seen_at >= ?1 AND is_draining = 0 ORDER BY seen_at DESC LIMIT ?3");

    /// <inheritdoc/>
    public async Task<TimeSpan> ReportNodeAsync(NodeDescription node, DateTimeOffset localTime, TimeSpan forgetAfter, CancellationToken cancellationToken)
    {
        var ahead = await RelieveAsync(
            scope =>
            {
                var offset = localTime.ToUnixTimeMilliseconds() - scope.Now;
                scope.Use(UpsertNode).Bind(node.Id).Bind(node.Name).Bind(node.Version).Bind(node.IsDraining).Bind(node.StartedAt).Bind(scope.Now).Bind(offset)
                    .Bind((long)node.Level).Tell();
                scope.Use(ForgetNodes).Bind(scope.Now - (long)forgetAfter.TotalMilliseconds).Tell();
                return TimeSpan.FromMilliseconds(offset);
            },
            cancellationToken);
        if (_onlyWriterNode is null) _writerNode = node.Id;
        return ahead;
    }

    /// <inheritdoc/>
    public ValueTask<int> FindLeastLevelAsync(TimeSpan silence, CancellationToken cancellationToken) => ReadAsync(
        NowMilliseconds - (long)silence.TotalMilliseconds,
        static (reader, seen) =>
        {
            using var row = reader.Use(FindLeastLevel).Bind(seen);
            return row.Step() ? (int)row.Int64(0) : 0;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task RemoveNodeAsync(string id, CancellationToken cancellationToken)
    {
        // What still writes is not of a node that is gone.
        if (_writerNode == id) _writerNode = AnyNode;
        return RelieveAsync(scope => scope.Use(DeleteNode).Bind(id).Execute(), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<NodeList> ListNodesAsync(int limit, CancellationToken cancellationToken) => ReadAsync(
        (Now: NowMilliseconds, limit),
        static (reader, of) =>
        {
            var nodes = new List<NodeRecord>();
            using var row = reader.Use(ListAllNodes).Bind(of.limit);
            while (row.Step())
            {
                var node = new NodeDescription(row.Text(0), row.Text(1), row.Text(2), row.Bool(3), row.Time(4));
                nodes.Add(new NodeRecord(node, row.Time(5), TimeSpan.FromMilliseconds(row.Int64(6))));
            }

            return new NodeList(nodes, DateTimeOffset.FromUnixTimeMilliseconds(of.Now));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task ReportDemandAsync(string id, string demand, CancellationToken cancellationToken) =>
        RelieveAsync(scope => scope.Use(SetDemand).Bind(id).Bind(demand).Bind(scope.Now).Execute(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<NodeDemand>> ListDemandsAsync(TimeSpan silence, TimeSpan lately, int limit, CancellationToken cancellationToken) => ReadAsync(
        (Seen: NowMilliseconds - (long)silence.TotalMilliseconds, Said: NowMilliseconds - (long)lately.TotalMilliseconds, limit),
        static (reader, of) =>
        {
            var demands = new List<NodeDemand>();
            using var row = reader.Use(ListDemands).Bind(of.Seen).Bind(of.Said).Bind(of.limit);
            while (row.Step()) demands.Add(new NodeDemand(row.Text(0), row.TextOrNull(1)));
            return (IReadOnlyList<NodeDemand>)demands;
        },
        cancellationToken);
}
