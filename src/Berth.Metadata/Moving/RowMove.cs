using System.Data;
using Berth.Metadata.Postgres;
using Berth.Metadata.Postgres.Engine;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Npgsql;
using NpgsqlTypes;

namespace Berth.Metadata.Moving;

/// <summary>
/// Moves all rows of a SQLite database into a PostgreSQL database that holds no installation: all of them in one transaction, read back before it is committed. The ledger begins a new
/// epoch, and deletion is suspended for one grace of whoever serves them first.
/// </summary>
/// <param name="source">The database; nobody writes to it meanwhile.</param>
/// <param name="target">The database that gets the rows.</param>
/// <param name="id">This move's own: the target remembers it, so that a move that was cut off at its very end is known for finished.</param>
/// <param name="time">The clock of this process.</param>
/// <param name="steps">Points for tests.</param>
public sealed class RowMove(SqliteOptions source, PostgresOptions target, string id, TimeProvider time, ISteps steps)
{
    /// <summary>The rows are copied, and nothing is committed.</summary>
    public const string Copied = "move.copied";

    /// <summary>Everything is checked, and nothing is committed.</summary>
    public const string BeforeCommit = "move.before-commit";

    /// <summary>The target holds the installation.</summary>
    public const string Committed = "move.committed";

    // "berthmov" in ASCII: one lock of the target, held by the transaction that looks or writes.
    private const long LockKey = 0x62657274686d6f76;

    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private string Key => $"migrate/{id}";

    /// <summary>Connects to the target, brings its schema up to date, and says what it holds. An earlier run that is still being committed there is waited for.</summary>
    /// <exception cref="MetadataStartException">The target must not be served as it is.</exception>
    /// <exception cref="MetadataUnavailableException">The target does not answer.</exception>
    public Task<MoveTarget> ExamineAsync(CancellationToken cancellationToken) => OnTargetAsync(
        async session =>
        {
            PostgresMigrator.Migrate(session, time);
            session.BeginTransaction(IsolationLevel.ReadCommitted);
            await LockAsync(session, cancellationToken);
            return Look(session);
        });

    /// <summary>Copies, checks and commits.</summary>
    /// <param name="stored">The locations that the new blob store held before: those that no row names are put down to be removed.</param>
    /// <param name="begin">Begins a step by its name; is told how many rows of how many are done.</param>
    /// <param name="beforeCommit">Is awaited when all is checked and nothing is committed.</param>
    /// <param name="cancellationToken">Ends the work; the target is as it was.</param>
    /// <exception cref="MoveFailedException">What the target has is not what the source has; nothing is committed.</exception>
    /// <exception cref="MetadataUnavailableException">One of the databases does not answer. After <paramref name="beforeCommit"/> the target may hold the rows or not.</exception>
    /// <exception cref="MetadataFullException">The target's volume is full.</exception>
    public Task<MoveResult> RunAsync(
        IEnumerable<string> stored, Func<string, IProgress<(long Done, long Total)>> begin, Func<Task> beforeCommit, CancellationToken cancellationToken) => OnTargetAsync(
        async session =>
        {
            session.BeginTransaction(IsolationLevel.ReadCommitted);

            // It waits for the source, and for its caller, for as long as they take: the limit of the role's sessions is not for it.
            session.RunChange("SET LOCAL idle_in_transaction_session_timeout = 0");
            await LockAsync(session, cancellationToken);

            // A node that starts meanwhile would make a new installation.
            session.RunChange("LOCK TABLE installation IN EXCLUSIVE MODE");
            if (Look(session) != MoveTarget.Empty) throw new MoveFailedException("The target database holds an installation already.");

            // The sums of owners are copied, too.
            session.RunChange("ALTER TABLE usage DISABLE TRIGGER USER");
            var rows = await Task.Run(() => CopyRows(session, begin, cancellationToken), cancellationToken);
            session.RunChange("ALTER TABLE usage ENABLE TRIGGER USER");
            await steps.ReachAsync(Copied);

            var discarded = await DiscardAsync(session.Connection, stored, cancellationToken);
            Begin(session);
            session.RunChange("ANALYZE");
            await steps.ReachAsync(BeforeCommit);
            await beforeCommit();
            session.Commit();
            await steps.ReachAsync(Committed);
            return new MoveResult(rows, discarded);
        });

    private async Task<T> OnTargetAsync<T>(Func<PostgresSession, Task<T>> work)
    {
        try
        {
            await using var connections = PostgresDatabase.CreateSource(target);
            using var session = await Task.Run(() => PostgresDatabase.Connect(connections, target));
            return await work(session);
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MetadataStartException($"The role of the target database may not do what is needed there ({error.MessageText}); make it the database's owner.");
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            var translated = PostgresErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
    }

    private static async Task LockAsync(PostgresSession session, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; !(bool)session.Run("SELECT pg_try_advisory_xact_lock($1)", LockKey)![0]; waited += LockPause)
        {
            if (waited >= LockPatience)
                throw new MetadataUnavailableException("Another migration is at work in the target database, or the server has yet to notice that one was ended; try again in a minute.");
            await Task.Delay(LockPause, TimeProvider.System, cancellationToken);
        }
    }

    private MoveTarget Look(PostgresSession session)
    {
        using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT 1 FROM installation), EXISTS (SELECT 1 FROM ledger WHERE idempotency_key = $1)", session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Key });
        using var reader = command.ExecuteReader();
        reader.Read();
        return !reader.GetBoolean(0) ? MoveTarget.Empty : reader.GetBoolean(1) ? MoveTarget.Moved : MoveTarget.Occupied;
    }

    private IReadOnlyList<(string Table, long Rows)> CopyRows(PostgresSession session, Func<string, IProgress<(long Done, long Total)>> begin, CancellationToken cancellationToken)
    {
        using var reader = SessionPragmas.OpenCopier(source);
        using var snapshot = reader.BeginRead();
        var tables = MovedTable.All.Select(table => (Table: table, Copy: new TableCopy(table, reader, session.Connection))).ToList();
        var total = tables.Sum(one => one.Copy.Count());
        var copied = new List<(string Table, long Rows, string Digest)>();

        var (progress, before) = (begin("copying rows"), 0L);
        foreach (var (table, copy) in tables)
        {
            using var hash = copy.Copy(done => progress.Report((before + done, total)), cancellationToken);
            before += hash.Rows;
            copied.Add((table.Name, hash.Rows, hash.Finish()));
            if (copy.GoOnNumbering() is { } last && table.Name == "ledger") session.RunChange("UPDATE ledger_sequence SET last_number = $1", last);
        }

        (progress, before) = (begin("checking rows"), 0);
        foreach (var ((_, copy), (table, rows, digest)) in tables.Zip(copied))
        {
            using var hash = copy.Read(done => progress.Report((before + done, total)), cancellationToken);
            before += hash.Rows;
            if (hash.Rows != rows || hash.Finish() != digest)
                throw new MoveFailedException($"The target's table '{table}' has not the rows that the source has ({hash.Rows} of {rows}), so that nothing was committed.");
        }

        return [.. copied.Select(one => (one.Table, one.Rows))];
    }

    // What an earlier run brought, and the source collected since.
    private static async Task<int> DiscardAsync(NpgsqlConnection connection, IEnumerable<string> stored, CancellationToken cancellationToken)
    {
        await using (var command = new NpgsqlCommand("CREATE TEMPORARY TABLE stored_locations (location TEXT COLLATE \"C\" NOT NULL) ON COMMIT DROP", connection))
            await command.ExecuteNonQueryAsync(cancellationToken);
        await using (var importer = await connection.BeginBinaryImportAsync("COPY stored_locations (location) FROM STDIN (FORMAT BINARY)", cancellationToken))
        {
            foreach (var location in stored)
            {
                await importer.StartRowAsync(cancellationToken);
                await importer.WriteAsync(location, NpgsqlDbType.Text, cancellationToken);
            }

            await importer.CompleteAsync(cancellationToken);
        }

        await using var discard = new NpgsqlCommand(
            """
            INSERT INTO discarded_locations (location, not_before)
            SELECT DISTINCT s.location, (SELECT created_at FROM installation) FROM stored_locations s WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.location = s.location)
            """,
            connection)
        { CommandTimeout = 0 };
        return await discard.ExecuteNonQueryAsync(cancellationToken);
    }

    // A new epoch, and the suspension that ends one grace after somebody first looks.
    private void Begin(PostgresSession session)
    {
        var clock = new DatabaseTime(time);
        PostgresDatabase.MeasureClock(session, clock);
        var scope = new WriteScope(session, clock, new HybridClock(clock, PostgresDatabase.ReadHighest(session)));
        session.RunChange("UPDATE installation SET ledger_epoch = ledger_epoch + 1, deletion_suspended_until = $1, deletion_seen_at = NULL", scope.Now);
        scope.Append(new LedgerEntry(LedgerKinds.InstallationChanged, Payload: """{"migrated":true}""", IdempotencyKey: Key), Caller.System);
    }
}

/// <summary>What the target of a move holds.</summary>
public enum MoveTarget
{
    /// <summary>No installation.</summary>
    Empty,

    /// <summary>An installation that is not this move's.</summary>
    Occupied,

    /// <summary>What this move brought there: it is finished.</summary>
    Moved,
}

/// <summary>What a move did.</summary>
/// <param name="Tables">The tables with how many rows each has, the same in both databases.</param>
/// <param name="Discarded">Locations of the new blob store that no row names; garbage collection removes them.</param>
public sealed record MoveResult(IReadOnlyList<(string Table, long Rows)> Tables, int Discarded)
{
    /// <summary>All rows together.</summary>
    public long Rows => Tables.Sum(table => table.Rows);
}

/// <summary>A move that must not go on; nothing of it stands in the target. The message is a sentence.</summary>
public sealed class MoveFailedException(string message) : Exception(message);
