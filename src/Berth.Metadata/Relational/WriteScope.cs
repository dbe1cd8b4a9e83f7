using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What an operation sees inside the writer: the connection in its transaction, the time, the ledger and the usage.</summary>
internal sealed class WriteScope(Session session, TimeProvider time, HybridClock clock)
{
    private static readonly Sql InsertLedger = new("""
        INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, repository, reference, digest, actor, address, request_id, idempotency_key, payload)
        VALUES ((SELECT ledger_epoch FROM installation), ?1, (SELECT region FROM installation), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """);

    // On PostgreSQL many changes move the same row at once: each adds a row of its own, and they are folded into usage later.
    private static readonly Sql MoveUsage = new(
        """
        INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (registry_id, repository_id) DO UPDATE SET bytes = usage.bytes + excluded.bytes, blobs = usage.blobs + excluded.blobs,
            manifests = usage.manifests + excluded.manifests, tags = usage.tags + excluded.tags, unique_bytes = usage.unique_bytes + excluded.unique_bytes
        """,
        postgres: "INSERT INTO usage_deltas (registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

    private static readonly Sql MoveReserved = new(
        """
        INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, reserved) VALUES (?1, ?2, 0, 0, 0, ?3)
        ON CONFLICT (registry_id, repository_id) DO UPDATE SET reserved = usage.reserved + excluded.reserved
        """,
        postgres: "INSERT INTO usage_deltas (registry_id, repository_id, reserved) VALUES (?1, ?2, ?3)");

    /// <summary>The time now, in milliseconds since 1970.</summary>
    public long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public HybridClock Clock => clock;

    public Session Session => session;

    public Statement Use(Sql sql) => session.Use(sql);

    /// <summary>Appends the mutation's one record; returns its hybrid time, which is greater than <paramref name="replaced"/>.</summary>
    public long Append(in LedgerEntry entry, Caller caller, long replaced = 0)
    {
        var hybridTime = clock.Next(replaced);
        Use(InsertLedger).Bind(hybridTime).Bind(entry.Kind).Bind(entry.RegistryId).Bind(entry.Repository).Bind(entry.Reference).Bind(entry.Digest)
            .Bind(caller.Name).Bind(caller.Address).Bind(caller.RequestId).Bind(entry.IdempotencyKey).Bind(entry.Payload).Execute();
        return hybridTime;
    }

    /// <summary>Adds to the usage of a repository, of a registry (repository 0), or of the installation (both 0).</summary>
    public void AddUsage(long registryId, long repositoryId, long bytes, long blobs, long manifests, long tags = 0, long uniqueBytes = 0) =>
        Use(MoveUsage).Bind(registryId).Bind(repositoryId).Bind(bytes).Bind(blobs).Bind(manifests).Bind(tags).Bind(uniqueBytes).Execute();

    /// <summary>Adds to what open uploads have reserved of a repository's quota, or of a registry's (repository 0).</summary>
    public void AddReserved(long registryId, long repositoryId, long bytes)
    {
        if (bytes != 0) Use(MoveReserved).Bind(registryId).Bind(repositoryId).Bind(bytes).Execute();
    }
}

/// <summary>What the ledger says of one mutation, beside who asked for it.</summary>
internal readonly record struct LedgerEntry(
    string Kind,
    long RegistryId = 0,
    string? Repository = null,
    string? Reference = null,
    Digest Digest = default,
    string? Payload = null,
    string? IdempotencyKey = null);
