using System.Diagnostics;
using Berth.Metadata.Relational;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// One connection to the database with its prepared statements. It is used by one thread at a time; whoever hands it to another does so
/// through a barrier, so SQLite's own mutex is left out.
/// </summary>
internal sealed class SqliteSession : Session, IDisposable
{
    private const int NoCheckpointOnClose = 1006; // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE

    // How often a limited session looks at the clock: a look-up of one row ends before either, so that it pays for none.
    private const int InstructionsBetweenLooks = 10_000;
    private const int StepsBetweenLooks = 256;
    private const long NoDeadline = long.MaxValue;
    private const int PagesPerStep = 4096;

    private static readonly Sql Begin = new("BEGIN");
    private static readonly Sql Commit = new("COMMIT");

    private readonly sqlite3 _handle;
    private SqliteStatement?[] _statements = new SqliteStatement?[128];
    private long _deadline = NoDeadline;

    static SqliteSession() => Batteries_V2.Init();

    private SqliteSession(sqlite3 handle) => _handle = handle;

    /// <summary>Whether a transaction is open; SQLite itself may have ended it after an error.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Rows changed by the statement before.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>The row id of the row inserted last.</summary>
    public long LastInsertedId => raw.sqlite3_last_insert_rowid(_handle);

    /// <summary>Steps run so far; tests count them.</summary>
    public long Steps { get; private set; }

    /// <summary>Instructions of SQLite's virtual machine run so far: they tell a seek from a scan. Tests count them.</summary>
    public long Instructions { get; private set; }

    /// <summary>Opens the file; the pragmas are <see cref="SessionPragmas"/>' matter.</summary>
    public static SqliteSession Open(string path, bool readOnly, string? fileLayer = null)
    {
        var flags = raw.SQLITE_OPEN_NOMUTEX | (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var result = raw.sqlite3_open_v2(path, out var handle, flags, fileLayer);
        var session = new SqliteSession(handle);
        if (result == raw.SQLITE_OK) return session;

        var error = session.Error(result);
        session.Dispose();
        throw error;
    }

    /// <inheritdoc/>
    public override SqliteStatement Use(Sql sql)
    {
        if (sql.Id >= _statements.Length) Array.Resize(ref _statements, Math.Max(sql.Id + 1, _statements.Length * 2));
        return (_statements[sql.Id] ??= Prepare(sql.Text)).Begin();
    }

    /// <summary>Resets the statements that an operation which failed has left in use: what it asked, and never read.</summary>
    public void Reset()
    {
        foreach (var statement in _statements)
        {
            if (statement is { IsInUse: true }) statement.Dispose();
        }
    }

    /// <summary>Runs one statement that is not worth keeping; returns the first column of its first row, if it has one.</summary>
    public string? Run(string text)
    {
        var statement = Prepare(text);
        try
        {
            if (!statement.Begin().Step()) return null;

            var first = statement.TextOrNull(0);
            while (statement.Step())
            {
            }

            return first;
        }
        finally
        {
            statement.Dispose();
            statement.Close();
        }
    }

    /// <summary>Runs a script of many statements.</summary>
    public void RunScript(string script)
    {
        var result = raw.sqlite3_exec(_handle, script);
        if (result != raw.SQLITE_OK) throw Error(result);
    }

    /// <summary>Prepares a text that the caller closes.</summary>
    public SqliteStatement Prepare(string text)
    {
        Check(raw.sqlite3_prepare_v3(_handle, text, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
        return new SqliteStatement(this, handle);
    }

    /// <summary>Copies the WAL into the database as far as the mode goes; false when something held it up.</summary>
    public bool Checkpoint(int mode, out int frames, out int copied)
    {
        var result = raw.sqlite3_wal_checkpoint_v2(_handle, "main", mode, out frames, out copied);
        if (result == raw.SQLITE_OK) return true;
        if (result is raw.SQLITE_BUSY or raw.SQLITE_LOCKED) return false;
        throw Error(result);
    }

    /// <summary>Copies all pages over another database, all as they are in the read transaction that is open here.</summary>
    public void CopyTo(SqliteSession target, CancellationToken cancellationToken)
    {
        using var copy = raw.sqlite3_backup_init(target._handle, "main", _handle, "main");
        if (copy.IsInvalid) throw target.Error(raw.sqlite3_errcode(target._handle));

        int result;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            result = raw.sqlite3_backup_step(copy, PagesPerStep);
        }
        while (result == raw.SQLITE_OK);

        if (result != raw.SQLITE_DONE) throw target.Error(result);
        target.Check(raw.sqlite3_backup_finish(copy));
    }

    /// <summary>Leaves the WAL as it is when the last connection closes; otherwise that moves it into the database and removes it.</summary>
    public void KeepLogOnClose() => Check(raw.sqlite3_db_config(_handle, NoCheckpointOnClose, 1, out _));

    /// <summary>
    /// Makes the session heed its deadlines: what runs longer ends with SQLITE_INTERRUPT, inside a statement that runs long as well as between
    /// the rows and statements of a read that has many.
    /// </summary>
    public void HeedDeadlines() =>
        raw.sqlite3_progress_handler(_handle, InstructionsBetweenLooks, static self => ((SqliteSession)self).IsOverdue() ? 1 : 0, this);

    /// <summary>Gives the session this much time from now on.</summary>
    public void SetDeadline(TimeSpan limit) => _deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Gives the session all the time there is.</summary>
    public void ClearDeadline() => _deadline = NoDeadline;

    public void Check(int result)
    {
        if (result != raw.SQLITE_OK) throw Error(result);
    }

    public SqliteException Error(int result)
    {
        var extended = raw.sqlite3_extended_errcode(_handle);
        var message = raw.sqlite3_errmsg(_handle).utf8_to_string();
        return new SqliteException($"SQLite error {extended}: {message}", result & 0xff, (extended & 0xff) == (result & 0xff) ? extended : result);
    }

    /// <summary>Counts a step that is about to be run.</summary>
    /// <exception cref="SqliteException">SQLITE_INTERRUPT: the deadline has passed.</exception>
    public void CountStep()
    {
        if (++Steps % StepsBetweenLooks == 0 && IsOverdue())
            throw new SqliteException("The read took longer than it may.", raw.SQLITE_INTERRUPT, raw.SQLITE_INTERRUPT);
    }

    public void CountInstructions(int instructions) => Instructions += instructions;

    public void Dispose()
    {
        foreach (var statement in _statements) statement?.Close();
        Array.Clear(_statements);
        _handle.Dispose();
    }

    // Changes share a commit, and the wait for it.
    public override void CommitSoon()
    {
    }

    protected override void BeginSnapshot() => Use(Begin).Execute();

    protected override void EndSnapshot()
    {
        if (!InTransaction) return;

        // A connection must not go back to the pool with its snapshot open.
        ClearDeadline();
        Use(Commit).Execute();
    }

    /// <summary>Whether the deadline has passed; told once, so that what cleans up behind it is not ended, too.</summary>
    private bool IsOverdue()
    {
        if (Stopwatch.GetTimestamp() <= _deadline) return false;
        _deadline = NoDeadline;
        return true;
    }
}
