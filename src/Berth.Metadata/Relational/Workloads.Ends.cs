namespace Berth.Metadata.Relational;

/// <summary>How reports end that nobody renews, and how they are forgotten.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListEnding = new($"""
        SELECT r.id, r.name, {WorkloadColumns} FROM workloads w CROSS JOIN registries r ON r.id = w.registry_id
        WHERE w.expired = 0 AND w.expires_at <= ?1 ORDER BY w.expires_at LIMIT ?2
        """);

    private static readonly Sql SetEnded = new("UPDATE workloads SET expired = 1 WHERE id = ?1");

    private static readonly Sql ListLongEnded = new($"""
        SELECT w.registry_id, {WorkloadColumns} FROM workloads w WHERE w.expired = 1 AND w.expires_at <= ?1 ORDER BY w.expires_at LIMIT ?2
        """);

    private static readonly Sql ListWorkloadsOfPurge = new($"""
        SELECT w.registry_id, {WorkloadColumns} FROM registries r CROSS JOIN workloads w ON w.registry_id = r.id WHERE r.id = ?1 AND r.purging = 1 LIMIT ?2
        """);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EndedWorkload>> EndWorkloadsAsync(int limit, CancellationToken cancellationToken) => RelieveAsync<IReadOnlyList<EndedWorkload>>(
        scope =>
        {
            var ended = new List<(long RegistryId, EndedWorkload Workload)>();
            using (var rows = scope.Use(ListEnding).Bind(scope.Now).Bind(limit))
            {
                while (rows.Step()) ended.Add((rows.Int64(0), new EndedWorkload(rows.Text(1), ReadWorkload(rows, 2))));
            }

            foreach (var (registryId, one) in ended)
            {
                scope.Use(SetEnded).Bind(one.Workload.Id).Tell();
                scope.Append(new LedgerEntry(LedgerKinds.WorkloadExpired, registryId, Payload: Facts(one.Workload)), Caller.System);
            }

            return [.. ended.Select(one => one.Workload)];
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> ForgetWorkloadsAsync(TimeSpan endedFor, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope => RemoveWorkloads(scope, scope.Use(ListLongEnded).Bind(_time.GetUtcNow() - endedFor).Bind(limit), limit), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PurgeWorkloadsStepAsync(long registryId, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope => RemoveWorkloads(scope, scope.Use(ListWorkloadsOfPurge).Bind(registryId).Bind(limit), limit) > 0, cancellationToken);

    private static int RemoveWorkloads(WriteScope scope, Statement due, int limit)
    {
        var workloads = new List<(long RegistryId, WorkloadRecord Workload)>();
        using (due)
        {
            while (due.Step()) workloads.Add((due.Int64(0), ReadWorkload(due, 1)));
        }

        var removed = 0;
        foreach (var (registryId, workload) in workloads)
        {
            if (removed >= limit) break;
            removed += RemoveWorkload(scope, registryId, workload, limit - removed, Caller.System);
        }

        return removed;
    }
}
