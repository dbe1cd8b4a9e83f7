using System.Data;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Berth.Metadata.Relational;
using Npgsql;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>One connection with its prepared statements, and the transaction that is open on it. It is used by one thread.</summary>
internal sealed class PostgresSession : Session, IDisposable
{
    private const long MostFolded = 50_000;
    private const int MostHeld = 64;

    private const string PlanAnew = """
        SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true),
            set_config('join_collapse_limit', '8', true)
        """;

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

    private const string Commits = "COMMIT";

    private readonly NpgsqlConnection _connection;
    private readonly bool _prepares;
    private readonly int _limitSeconds;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlBatch _unprepared;
    private readonly List<PostgresStatement> _held = [];
    private readonly Dictionary<string, PostgresStatement> _ends = [];
    private PostgresStatement?[] _statements = new PostgresStatement?[512];
    private string?[] _texts = new string?[512];
    private IsolationLevel? _isolation;
    private Exception? _failure;
    private bool _hasBegun;
    private bool _isLong;
    private bool _isAlone;

    public PostgresSession(NpgsqlConnection connection, PostgresOptions options)
    {
        _connection = connection;
        _batch = new NpgsqlBatch(connection);
        _unprepared = new NpgsqlBatch(connection);
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

    /// <summary>Whether the server was sent a commit that it has not answered, or has refused: only a caller can tell whether what was lost then stands.</summary>
    public bool IsCommitting { get; private set; }

    public override Statement Use(Sql sql)
    {
        if (_isLong)
        {
            if (Dialect.ReadsUsage(sql)) FoldUsage();
            return New(Dialect.Of(sql), limitSeconds: 0, prepares: false).Begin();
        }

        if (sql.Id >= _statements.Length) Array.Resize(ref _statements, Math.Max(sql.Id + 1, _statements.Length * 2));
        var statement = _statements[sql.Id] ??= Prepared(sql);
        while (statement.IsHeld) statement = statement.Next ??= Prepared(sql);
        if (statement.ReadsUsage) FoldUsage();
        return statement.Begin();
    }

    public override void CommitSoon() => Tell("SET LOCAL synchronous_commit TO off");

    /// <summary>Keeps a statement, whose parameters are bound, until an answer is waited for, or until there are many.</summary>
    public void Hold(PostgresStatement statement)
    {
        if (_held.Count >= MostHeld) Send();
        _held.Add(statement);
    }

    /// <summary>Sends what is held as one message and reads all rows.</summary>
    public void Send()
    {
        if (_held.Count == 0) return;
        try
        {
            SendHeld();
        }
        catch (Exception error)
        {
            _failure ??= error;
            throw;
        }
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
        using var statement = New(text, _isLong ? 0 : _limitSeconds, prepares: false).Begin();
        foreach (var value in values) statement.Bind(value);
        return statement.Step() ? statement.Row : null;
    }

    /// <summary>Runs a text that changes rows, and takes as long as it takes; returns how many.</summary>
    public int RunChange(string text, params ReadOnlySpan<long> values)
    {
        var statement = New(text, limitSeconds: 0, prepares: false).Begin();
        foreach (var value in values) statement.Bind(value);
        return statement.Execute();
    }

    /// <summary>Runs a script of many statements.</summary>
    public void RunScript(string text)
    {
        Send();
        using var command = new NpgsqlCommand(text, _connection) { CommandTimeout = 0 };
        CountRoundTrip();
        try
        {
            command.ExecuteNonQuery();
        }
        catch (Exception error)
        {
            _failure ??= error;
            throw;
        }
    }

    /// <summary>Begins a transaction; it costs no message of its own.</summary>
    public void BeginTransaction(IsolationLevel isolation)
    {
        _isolation = isolation;
        Tell(isolation switch
        {
            IsolationLevel.Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            IsolationLevel.RepeatableRead => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            _ => "BEGIN ISOLATION LEVEL READ COMMITTED",
        });
    }

    /// <summary>Says that one statement follows, which is a transaction by itself.</summary>
    public void BeginAlone() => _isAlone = true;

    /// <summary>Begins a transaction in which whole tables are read: the planner may choose what it otherwise is kept from, and no statement has a limit.</summary>
    public void BeginLong(IsolationLevel isolation)
    {
        BeginTransaction(isolation);
        _isLong = true;
        New(PlanAnew, limitSeconds: 0, prepares: false).Begin().Tell();
    }

    /// <summary>
    /// Commits, in one message with all that was asked and told since the last one. Where a message before failed, whatever became of its error, that error is thrown again and nothing is committed:
    /// PostgreSQL would answer COMMIT by ROLLBACK, which is no error, and Npgsql does not tell the two answers apart.
    /// </summary>
    public void Commit()
    {
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        var isIdle = _isolation is not null && !_hasBegun && _held.Count == 1;
        if (_isolation is not null && !isIdle) Tell(Commits);
        var began = Stopwatch.GetTimestamp();
        if (!isIdle) Send();
        if (_isolation == IsolationLevel.Serializable && !isIdle) MetadataMetrics.CommitDuration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);
        EndTransaction();
    }

    /// <summary>Leaves the connection as one without a transaction; false when it cannot be used any more.</summary>
    public bool TryReset()
    {
        try
        {
            var hasBegun = _hasBegun;
            Forget();
            if (!IsOpen) return false;
            if (!hasBegun) return true;
            CountRoundTrip();
            using var command = new NpgsqlCommand("ROLLBACK", _connection) { CommandTimeout = _limitSeconds };
            command.ExecuteNonQuery();
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
        if (_isolation is null) BeginTransaction(IsolationLevel.RepeatableRead);
    }

    protected override void EndSnapshot()
    {
        // After a failure nothing is left to be read, and its error is on its way.
        if (!_isLong && IsOpen && _failure is null && _isolation is IsolationLevel.RepeatableRead) Commit();
    }

    private string TextOf(Sql sql)
    {
        if (sql.Id >= _texts.Length) Array.Resize(ref _texts, Math.Max(sql.Id + 1, _texts.Length * 2));
        return _texts[sql.Id] ??= Dialect.Of(sql);
    }

    private PostgresStatement Prepared(Sql sql) => New(TextOf(sql), _limitSeconds, _prepares, Dialect.ReadsUsage(sql));

    private PostgresStatement New(string text, int limitSeconds, bool prepares, bool readsUsage = false) =>
        new(this, new NpgsqlBatchCommand(text), limitSeconds, prepares) { ReadsUsage = readsUsage };

    private void Tell(string text)
    {
        if (!_ends.TryGetValue(text, out var statement)) _ends.Add(text, statement = New(text, _limitSeconds, prepares: false));
        statement.Begin().Tell();
    }

    private void SendHeld()
    {
        if (_isAlone && (_held.Count > 1 || IsCommitting)) throw new InvalidOperationException("A change of one statement has more.");
        var limit = _held[0].LimitSeconds;
        _batch.BatchCommands.Clear();
        foreach (var statement in _held)
        {
            _batch.BatchCommands.Add(statement.Command);
            if (statement.LimitSeconds == 0 || limit == 0) limit = 0;
            if (statement.Prepares) _unprepared.BatchCommands.Add(statement.Command);
        }

        Prepare();
        _batch.Timeout = limit;
        CountRoundTrip();
        _hasBegun |= _isolation is not null;
        IsCommitting = _isAlone || ReferenceEquals(_held[^1].Command.CommandText, Commits);
        using var reader = _batch.ExecuteReader();
        foreach (var statement in _held) statement.Take(reader);
        IsCommitting = _isAlone;
        _held.Clear();
    }

    // All of them in one message, at the first use of each.
    private void Prepare()
    {
        if (_unprepared.BatchCommands.Count == 0) return;
        CountRoundTrip();
        _unprepared.Prepare();
        _unprepared.BatchCommands.Clear();
        foreach (var statement in _held) statement.Prepares = false;
    }

    /// <summary>Forgets what was held, with the transaction.</summary>
    private void Forget()
    {
        foreach (var first in _statements)
        {
            for (var statement = first; statement is not null; statement = statement.Next) statement.Dispose();
        }

        EndTransaction();
    }

    private void EndTransaction()
    {
        foreach (var statement in _held) statement.Dispose();
        _held.Clear();
        _unprepared.BatchCommands.Clear();
        (_isolation, _failure, _hasBegun, _isLong, _isAlone, IsCommitting) = (null, null, false, false, false, false);
    }
}
