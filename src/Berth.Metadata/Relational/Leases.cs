namespace Berth.Metadata.Relational;

/// <summary>Leases of work that one process does at a time.</summary>
public sealed partial class RelationalMetadataStore
{
    // A lease that its own holder takes again while it lasts goes on with its fence: what is under way under it is not cut off.
    private static readonly Sql TakeJobLease = new("""
        INSERT INTO leases (name, holder, fence, expires_at) VALUES (?1, ?2, 1, ?3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
            fence = CASE WHEN leases.holder = excluded.holder AND leases.expires_at > ?4 THEN leases.fence ELSE leases.fence + 1 END
            WHERE leases.expires_at <= ?4 OR leases.holder = excluded.holder
        RETURNING fence
        """);

    private static readonly Sql RenewJobLease = new("UPDATE leases SET expires_at = ?3 WHERE name = ?1 AND fence = ?2");

    private static readonly Sql IsHeldByFence = new("SELECT 1 FROM leases WHERE name = ?1 AND fence = ?2");

    private static readonly Sql ListHeldLeases = new("SELECT name, holder, fence, expires_at FROM leases WHERE expires_at > ?1 ORDER BY expires_at, name LIMIT ?2");

    /// <inheritdoc/>
    public bool AreShared => _database.IsShared;

    /// <inheritdoc/>
    public Task<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            using var row = scope.Use(TakeJobLease).Bind(name).Bind(holder).Bind(scope.Now + (long)duration.TotalMilliseconds).Bind(scope.Now);
            return row.Step() ? new Lease(name, holder, row.Int64(0)) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => RelieveAsync(
        scope => scope.Use(RenewJobLease).Bind(lease.Name).Bind(lease.Fence).Bind(scope.Now + (long)duration.TotalMilliseconds).Execute() > 0, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => RelieveAsync(
        scope => scope.Use(RenewJobLease).Bind(lease.Name).Bind(lease.Fence).Bind(0L).Execute(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LeaseRecord>> ListLeasesAsync(int limit, CancellationToken cancellationToken) => ReadAsync(
        (Now: NowMilliseconds, limit),
        static (reader, of) =>
        {
            var leases = new List<LeaseRecord>();
            using var row = reader.Use(ListHeldLeases).Bind(of.Now).Bind(of.limit);
            while (row.Step()) leases.Add(new LeaseRecord(new Lease(row.Text(0), row.Text(1), row.Int64(2)), row.Time(3)));
            return (IReadOnlyList<LeaseRecord>)leases;
        },
        cancellationToken);

    private static Func<WriteScope, T> Under<T>(Lease lease, Func<WriteScope, T> body) => scope =>
    {
        Hold(scope, lease);
        return body(scope);
    };

    // The lease's end is not looked at: while nobody else took it, nobody is harmed.
    private static void Hold(WriteScope scope, Lease lease)
    {
        using var row = scope.Use(IsHeldByFence).Bind(lease.Name).Bind(lease.Fence);
        if (!row.Step()) throw new LeaseLostException(lease);
    }
}
