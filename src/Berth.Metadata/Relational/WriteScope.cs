using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What an operation sees inside the writer: the connection in its transaction, the time, the ledger and the usage.</summary>
internal sealed class WriteScope(Session session, TimeProvider time, HybridClock clock)
{
    /// <summary>The most moves of usage in one statement.</summary>
    public const int MostMoves = 3;

    /// <summary>The insertion of a record: ?3 is its registry, up to ?11 are taken.</summary>
    public const string LedgerRow = """
        INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, repository, reference, digest, actor, address, request_id, idempotency_key, payload)
        SELECT ledger_epoch, ?1, region, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM installation
        """;

    private static readonly Sql InsertLedger = new(LedgerRow);

    // On PostgreSQL many changes move the same row at once: each adds rows of its own, and they are folded into usage later. One text for each number of rows.
    private static readonly Sql[] MoveUsage = [.. Enumerable.Range(1, MostMoves).Select(MoveRows)];

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
        Bind(InsertLedger, hybridTime, entry, caller).Tell();
        return hybridTime;
    }

    /// <summary>The same by a statement that begins with what every record's does, <see cref="LedgerRow"/>; whoever calls binds what else it has, and asks.</summary>
    public Statement AppendBy(Sql insert, in LedgerEntry entry, Caller caller) => Bind(insert, clock.Next(0), entry, caller);

    /// <summary>Adds to the usage of a repository, of a registry (repository 0), or of the installation (both 0).</summary>
    public void AddUsage(long registryId, long repositoryId, long bytes, long blobs, long manifests, long tags = 0, long uniqueBytes = 0) =>
        AddUsage([new UsageMove(registryId, repositoryId, bytes, blobs, manifests, tags, uniqueBytes)]);

    /// <summary>The same of up to <see cref="MostMoves"/> of them; none is there twice.</summary>
    public void AddUsage(ReadOnlySpan<UsageMove> moves)
    {
        if (moves.IsEmpty) return;
        var statement = Use(MoveUsage[moves.Length - 1]);
        foreach (ref readonly var move in moves)
        {
            statement.Bind(move.RegistryId).Bind(move.RepositoryId).Bind(move.Bytes).Bind(move.Blobs).Bind(move.Manifests).Bind(move.Tags).Bind(move.UniqueBytes);
        }

        statement.Tell();
    }

    /// <summary>Adds to what open uploads have reserved of a repository's quota, or of a registry's (repository 0).</summary>
    public void AddReserved(long registryId, long repositoryId, long bytes)
    {
        if (bytes != 0) Use(MoveReserved).Bind(registryId).Bind(repositoryId).Bind(bytes).Tell();
    }

    private Statement Bind(Sql insert, long hybridTime, in LedgerEntry entry, Caller caller) =>
        Use(insert).Bind(hybridTime).Bind(entry.Kind).Bind(entry.RegistryId).Bind(entry.Repository).Bind(entry.Reference).Bind(entry.Digest)
            .Bind(caller.Name).Bind(caller.Address).Bind(caller.RequestId).Bind(entry.IdempotencyKey).Bind(entry.Payload);

    private static Sql MoveRows(int count)
    {
        var rows = string.Join(", ", Enumerable.Range(0, count).Select(row => $"({string.Join(", ", Enumerable.Range((row * 7) + 1, 7).Select(number => $"?{number}"))})"));
        const string Columns = "(registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes)";
        return new Sql(
            $"""
            INSERT INTO usage {Columns} VALUES {rows}
            ON CONFLICT (registry_id, repository_id) DO UPDATE SET bytes = usage.bytes + excluded.bytes, blobs = usage.blobs + excluded.blobs,
                manifests = usage.manifests + excluded.manifests, tags = usage.tags + excluded.tags, unique_bytes = usage.unique_bytes + excluded.unique_bytes
            """,
            postgres: $"INSERT INTO usage_deltas {Columns} VALUES {rows}");
    }
}

/// <summary>What is added to the usage of a repository, of a registry (repository 0), or of the installation (both 0).</summary>
internal readonly record struct UsageMove(
    long RegistryId, long RepositoryId, long Bytes = 0, long Blobs = 0, long Manifests = 0, long Tags = 0, long UniqueBytes = 0)
{
    /// <summary>Both, of one row.</summary>
    public static UsageMove operator +(in UsageMove one, in UsageMove other) => new(
        one.RegistryId, one.RepositoryId, one.Bytes + other.Bytes, one.Blobs + other.Blobs, one.Manifests + other.Manifests, one.Tags + other.Tags, one.UniqueBytes + other.UniqueBytes);
}

/// <summary>What a change adds to usage, gathered so that each row is moved once.</summary>
internal sealed class UsageMoves(WriteScope scope)
{
    private readonly List<UsageMove> _moves = [];

    /// <summary>Adds one to what is gathered.</summary>
    public void Add(in UsageMove move)
    {
        var (registryId, repositoryId) = (move.RegistryId, move.RepositoryId);
        var at = _moves.FindIndex(other => other.RegistryId == registryId && other.RepositoryId == repositoryId);
        if (at < 0) _moves.Add(move);
        else _moves[at] = _moves[at] + move;
    }

    /// <summary>Has the change do what was gathered.</summary>
    public void Tell()
    {
        foreach (var moves in _moves.Chunk(WriteScope.MostMoves)) scope.AddUsage(moves);
        _moves.Clear();
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
