using System.Globalization;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite.Engine;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite;

/// <summary>
/// One SQLite database: reads complete synchronously on pooled connections, changes share commits on one writer thread.
/// </summary>
internal sealed partial class SqliteDatabase : IDatabase
{
    // What makes room is not refused for want of it, as long as the reserve can be had.
    private const int AttemptsAtFull = 20;
    private static readonly TimeSpan PauseAtFull = TimeSpan.FromMilliseconds(50);

    private static readonly Sql ReadHybridTime = new("""
        SELECT max(COALESCE((SELECT hybrid_time FROM installation), 0), COALESCE((SELECT hybrid_time FROM ledger ORDER BY number DESC LIMIT 1), 0))
        """);

    private static readonly Sql IntegrityCheck = new("PRAGMA integrity_check(100)");

    private static readonly Sql ForeignKeyCheck = new("PRAGMA foreign_key_check");

    private static readonly Sql Probe = new("SELECT count(*) FROM installation");

    private readonly SqliteOptions _options;
    private readonly ILogger _logger;
    private readonly SqliteSession _writerSession;
    private readonly SqliteSession _checkpointSession;
    private readonly SessionPool _readers;
    private readonly Checkpointer _checkpointer;
    private readonly GroupWriter _writer;

    private int _disposed;

    private SqliteDatabase(SqliteOptions options, TimeProvider time, ILogger logger, SqliteSession writerSession)
    {
        _options = options;
        _logger = logger;
        _writerSession = writerSession;
        _readers = new SessionPool(options);
        _checkpointSession = SessionPragmas.OpenCheckpointer(options);
        _checkpointer = new Checkpointer(options, _checkpointSession, _readers, logger);
        _writer = new GroupWriter(options, writerSession, new WriteScope(writerSession, time, new HybridClock(time, ReadHighest(writerSession))), _checkpointer, logger);
        _checkpointer.Start(_writer.Fault, full => _ = MakeRoomForCheckpointAsync(full));
    }

    /// <inheritdoc/>
    public Task<Exception> Faulted => _writer.Faulted;

    /// <inheritdoc/>
    public string SystemName => "sqlite";

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <summary>It has none.</summary>
    public bool KeepsTime => false;

    /// <summary>Steps that readers took; tests count them.</summary>
    public long ReaderSteps => _readers.Steps;

    /// <summary>Instructions that readers ran; tests count them.</summary>
    public long ReaderInstructions => _readers.Instructions;

    /// <inheritdoc/>
    public ValueTask<bool> IsHealthyAsync(CancellationToken cancellationToken)
    {
        if (!_writer.IsHealthy || Volatile.Read(ref _disposed) != 0) return ValueTask.FromResult(false);
        try
        {
            using var reader = _readers.Rent();
            using var row = reader.Use(Probe);
            return ValueTask.FromResult(row.Step());
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // The answer of a probe, not an error of its own.
            return ValueTask.FromResult(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;

        await _writer.DisposeAsync();
        _checkpointer.Dispose();
        _readers.Dispose();
        if (_writer.Faulted.IsCompleted)
        {
            // What the log holds is sorted out by the next start, from the disk alone.
            _checkpointSession.KeepLogOnClose();
            _writerSession.KeepLogOnClose();
        }

        _checkpointSession.Dispose();
        _writerSession.Dispose();
    }

    /// <summary>Opens the database, makes it where there is none, and brings its schema up to date.</summary>
    public static SqliteDatabase Open(SqliteOptions options, TimeProvider time, ILogger logger)
    {
        try
        {
            var isNew = !File.Exists(options.Path);
            var session = SessionPragmas.OpenWriter(options);
            try
            {
                var applied = Migrator.Migrate(session, time);
                if (isNew) DurableFiles.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Path))!);
                var database = new SqliteDatabase(options, time, logger, session);
                LogOpened(logger, options.Path, applied.ToString(CultureInfo.InvariantCulture));
                return database;
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
    }

    private static long ReadHighest(SqliteSession session)
    {
        using var row = session.Use(ReadHybridTime);
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>Runs a read on this thread with one connection; its result is complete when the call returns.</summary>
    public ValueTask<T> ReadAsync<TState, T>(
        TState state, Func<Session, TState, T> body, bool isLong, string caller, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            using var reader = isLong ? _readers.RentUnlimited() : _readers.Rent();
            return ValueTask.FromResult(body(reader.Session, state));
        }
        catch (Microsoft.Data.Sqlite.SqliteException error) when (SqliteErrors.IsInterrupt(error))
        {
            LogReadEnded(_logger, caller, _options.ReadLimit!.Value);
            throw new MetadataUnavailableException($"A read of the metadata took longer than {_options.ReadLimit} and was ended; try again later.", error);
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
    }

    /// <inheritdoc/>
    public ValueTask<T> LookUpAsync<TState, T>(LookUp<TState, T> lookUp, TState state, string caller, CancellationToken cancellationToken) =>
        ReadAsync((lookUp, state), static (session, of) => of.lookUp.Run(session, of.state), isLong: false, caller, cancellationToken);

    /// <summary>Nothing: a record has its number when it is inserted.</summary>
    public ValueTask NumberLedgerAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public IReadOnlyList<string> CheckFiles(Session session, int most)
    {
        var sentences = new List<string>();
        using (var rows = session.Use(IntegrityCheck))
        {
            while (rows.Step())
            {
                if (rows.Text(0) != "ok") sentences.Add($"The database file is damaged: {rows.Text(0)}");
            }
        }

        using (var rows = session.Use(ForeignKeyCheck))
        {
            while (rows.Step() && sentences.Count < most)
            {
                sentences.Add($"A row of table '{rows.Text(0)}' refers to one of '{rows.Text(2)}' that is absent.");
            }
        }

        return sentences;
    }

    /// <inheritdoc/>
    public async Task<T> WriteAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, Extent extent, CancellationToken cancellationToken)
    {
        if (_options.Reserve is not { } reserve) return await _writer.RunAsync(body, urgency, weight, cancellationToken);
        if (urgency == Urgency.Push && !reserve.IsHeld)
        {
            throw new MetadataFullException("The volume of the metadata database is full: nothing is pushed until its reserve is in place again.");
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await _writer.RunAsync(body, urgency, weight, cancellationToken);
            }
            catch (MetadataFullException full)
            {
                await reserve.ReleaseAsync(full.Message, CancellationToken.None);
                if (urgency == Urgency.Push || attempt == AttemptsAtFull) throw;
            }

            // Somebody else may be giving the reserve free just now, or may have taken it back at once.
            if (attempt > 1) await Task.Delay(PauseAtFull, CancellationToken.None);
        }
    }

    /// <summary>A checkpoint found the volume full.</summary>
    private async Task MakeRoomForCheckpointAsync(Exception full)
    {
        if (_options.Reserve is not { } reserve) return;
        try
        {
            await reserve.ReleaseAsync(full.Message, CancellationToken.None);
        }
        catch (IOException error)
        {
            LogReserveNotReleased(_logger, error);
        }
    }
}
