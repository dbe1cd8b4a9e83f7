using System.Data;
using Berth.Metadata.Relational;
using Npgsql;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>One connection with its prepared statements, and the transaction that is open on it. It is used by one thread.</summary>
internal sealed class PostgresSession : Session, IDisposable
{
    private const long MostFolded = 50_000;

    private const string FoldUsageText = """
        WITH taken AS (
            DELETE FROM usage_deltas WHERE id IN (SELECT id FROM usage_deltas ORDER BY id LIMIT $1 FOR UPDATE)
            RETURNING registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes, reserved),
        folded AS (
            INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes, reserved)
            SELECT registry_id, repository_id, sum(bytes), sum(blobs), sum(manifests), sum(tags), sum(unique_bytes), sum(reserved)
            FROM taken GROUP BY registry_id, repository_id ORDER BY registry_id, repository_id
            ON CONFLICT (registry_id, repository_id) DO UPDATE SET bytes = usage.bytes + excluded.bytes, blobs = usage.blobs + excluded.blobs,
                manifests = usage.manifests + excluded.manifests, tags = usage.tags + excluded.tags, unique_bytes = usage.unique_bytes + excluded.unique_bytes,
                reserved = usage.reserved + excluded.reserved)
        SELECT count(*) FROM taken
        """;

    private readonly NpgsqlConnection _connection;
    private readonly bool _prepares;
    private readonly int _limitSeconds;
    private PostgresStatement?[] _statements = new PostgresStatement?[512];
    private string?[] _texts = new string?[512];
    private NpgsqlTransaction? _transaction;
    private bool _isLong;

    public PostgresSession(NpgsqlConnection connection, PostgresOptions options)
    {
        _connection = connection;
        _prepares = options.Prepare;
        _limitSeconds = (int)Math.Ceiling(options.StatementLimit.TotalSeconds);
    }

    /// <summary>The connection itself, for what goes past statements: COPY.</summary>
    public NpgsqlConnection Connection => _connection;

    /// <summary>Whether the connection can be used.</summary>
    public bool IsOpen => _connection.State == ConnectionState.Open;

    /// <summary>The thread that uses it.</summary>
    public Worker Worker { get; init; } = new();

    /// <summary>Messages sent and waited for so far.</summary>
    public long RoundTrips { get; private set; }

    public override Statement Use(Sql sql)
    {
        if (_isLong)
        {
            if (Dialect.ReadsUsage(sql)) FoldUsage();
            return Statement(Dialect.Of(sql), limitSeconds: 0, prepares: false, readsUsage: false).Begin();
        }

        if (sql.Id >= _statements.Length) Array.Resize(ref _statements, Math.Max(sql.Id + 1, _statements.Length * 2));
        var statement = _statements[sql.Id] ??= Statement(Dialect.Of(sql), _limitSeconds, _prepares, Dialect.ReadsUsage(sql));
        if (statement.ReadsUsage) FoldUsage();
        return statement.Begin();
    }

    /// <summary>
    /// Adds to usage what changes have added to it since; returns how many rows of theirs. Whoever folds at the same time is waited for, so that what is read afterwards holds all that was
    /// committed before; rows are taken in the order of their keys, so that two never wait for each other.
    /// </summary>
    public int FoldUsage() => (int)(long)Run(FoldUsageText, MostFolded)![0];

    /// <summary>Sends the statements of several operations as one message, those with one text as one statement over all their parameters, and reads all their rows.</summary>
    /// <returns>The statements with their rows, in the operations' order.</returns>
    public IReadOnlyList<Statement> RunTogether(IReadOnlyList<Operation<PostgresSession>> operations)
    {
        using var batch = new NpgsqlBatch(_connection) { Timeout = _limitSeconds };
        var together = new StatementsTogether(this, operations, TextOf);
        foreach (var command in together.Commands) batch.BatchCommands.Add(command);

        // One that is prepared on this connection, by whatever was run before, is not prepared again.
        if (_prepares) batch.Prepare();
        CountRoundTrip();
        using var reader = batch.ExecuteReader();
        together.Take(reader);
        return together.Statements;
    }

    /// <summary>Runs a text of PostgreSQL's own that is not worth preparing; returns the first row, if there is one.</summary>
    public object[]? Run(string text, params ReadOnlySpan<long> values)
    {
        using var command = Command(text, _limitSeconds);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        CountRoundTrip();
        using var reader = command.ExecuteReader();
        if (!reader.Read()) return null;

        var row = new object[reader.FieldCount];
        reader.GetValues(row);
        return row;
    }

    /// <summary>Runs a text that changes rows; returns how many.</summary>
    public int RunChange(string text, params ReadOnlySpan<long> values)
    {
        using var command = Command(text, limitSeconds: 0);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        CountRoundTrip();
        return Math.Max(0, command.ExecuteNonQuery());
    }

    /// <summary>Begins a transaction; it costs no message of its own.</summary>
    public void BeginTransaction(IsolationLevel isolation) => _transaction = _connection.BeginTransaction(isolation);

    /// <summary>Begins a transaction in which whole tables are read: the planner may choose what it otherwise is kept from.</summary>
    public void BeginLong(IsolationLevel isolation)
    {
        BeginTransaction(isolation);
        _isLong = true;
        RunChange("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL join_collapse_limit = 8");
    }

    public void Commit()
    {
        if (_transaction is not { } transaction) return;
        CountRoundTrip();
        transaction.Commit();
        transaction.Dispose();
        _transaction = null;
        _isLong = false;
    }

    /// <summary>Leaves the connection as one without a transaction; false when it cannot be used any more.</summary>
    public bool TryReset()
    {
        try
        {
            _isLong = false;
            var transaction = _transaction;
            _transaction = null;
            foreach (var statement in _statements) statement?.Dispose();
            if (!IsOpen) return false;
            if (transaction is null) return true;
            CountRoundTrip();
            transaction.Rollback();
            transaction.Dispose();
            return IsOpen;
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    /// <summary>Before each message that is waited for.</summary>
    /// <exception cref="MetadataUnavailableException">Nobody waits for what this session does any more.</exception>
    public void CountRoundTrip()
    {
        Worker.Ask();
        RoundTrips++;
        MetadataMetrics.RoundTrips.Add(1);
    }

    public void Dispose() => _connection.Dispose();

    protected override void BeginSnapshot()
    {
        // A long read, and a change, are in one already.
        if (_transaction is null) BeginTransaction(IsolationLevel.RepeatableRead);
    }

    protected override void EndSnapshot()
    {
        if (!_isLong && IsOpen && _transaction is { IsolationLevel: IsolationLevel.RepeatableRead }) Commit();
    }

    private string TextOf(Sql sql)
    {
        if (sql.Id >= _texts.Length) Array.Resize(ref _texts, Math.Max(sql.Id + 1, _texts.Length * 2));
        return _texts[sql.Id] ??= Dialect.Of(sql);
    }

    private PostgresStatement Statement(string text, int limitSeconds, bool prepares, bool readsUsage)
    {
        var command = Command(text, limitSeconds);
        return new PostgresStatement(this, command.Parameters, command, prepares) { ReadsUsage = readsUsage };
    }

    private NpgsqlCommand Command(string text, int limitSeconds) => new(text, _connection) { CommandTimeout = limitSeconds };
}
