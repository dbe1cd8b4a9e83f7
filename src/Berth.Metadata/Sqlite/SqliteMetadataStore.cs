using System.Globalization;
using System.Runtime.CompilerServices;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite;

/// <summary>
/// The metadata in one SQLite database: reads complete synchronously on pooled connections, changes share commits on one writer thread.
/// </summary>
public sealed partial class SqliteMetadataStore : IMetadataStore
{
    private static readonly Sql ReadHybridTime = new("""
        SELECT max(COALESCE((SELECT hybrid_time FROM installation), 0), COALESCE((SELECT hybrid_time FROM ledger ORDER BY number DESC LIMIT 1), 0))
        """);

    private static readonly Sql Probe = new("SELECT count(*) FROM installation");

    private readonly SqliteOptions _options;
    private readonly TimeProvider _time;
    private readonly ISteps _steps;
    private readonly ILogger _logger;
    private readonly Session _writerSession;
    private readonly Session _checkpointSession;
    private readonly SessionPool _readers;
    private readonly Checkpointer _checkpointer;
    private readonly GroupWriter _writer;

    // A session's writer is alive only if it belongs to this process.
    private readonly string _node = Guid.CreateVersion7().ToString("N");
    private int _disposed;

    private SqliteMetadataStore(SqliteOptions options, TimeProvider time, ISteps steps, ILogger logger, Session writerSession)
    {
        _options = options;
        _time = time;
        _steps = steps;
        _logger = logger;
        _writerSession = writerSession;
        _readers = new SessionPool(options);
        _checkpointSession = SessionPragmas.OpenCheckpointer(options);
        _checkpointer = new Checkpointer(options, _checkpointSession, _readers, logger);
        _writer = new GroupWriter(options, writerSession, new WriteScope(writerSession, time, new HybridClock(time, ReadHighest(writerSession))), _checkpointer, logger);
        _checkpointer.Start(_writer.Fault, full => _ = MakeRoomForCheckpointAsync(full));
    }

    /// <summary>Completes, with the reason, when the database can no longer be trusted (a failed sync, damage): the process must stop.</summary>
    public Task<Exception> Faulted => _writer.Faulted;

    /// <summary>Steps that readers took; tests count them.</summary>
    internal long ReaderSteps => _readers.Steps;

    /// <summary>Instructions that readers ran; tests count them.</summary>
    internal long ReaderInstructions => _readers.Instructions;

    /// <summary>Opens the database, makes it where there is none, and brings its schema up to date.</summary>
    /// <exception cref="MetadataStartException">The database must not be served as it is.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public static Task<SqliteMetadataStore> OpenAsync(
        SqliteOptions options, TimeProvider time, ISteps steps, ILogger<SqliteMetadataStore> logger, CancellationToken cancellationToken) =>
        Task.Run(() => Open(options, time, steps, logger), cancellationToken);

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

    private static SqliteMetadataStore Open(SqliteOptions options, TimeProvider time, ISteps steps, ILogger logger)
    {
        try
        {
            var isNew = !File.Exists(options.Path);
            var session = SessionPragmas.OpenWriter(options);
            try
            {
                var applied = Migrator.Migrate(session, time);
                if (isNew) DurableFiles.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Path))!);
                var store = new SqliteMetadataStore(options, time, steps, logger, session);
                LogOpened(logger, options.Path, applied.ToString(CultureInfo.InvariantCulture));
                return store;
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

    private static long ReadHighest(Session session)
    {
        using var row = session.Use(ReadHybridTime);
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>Runs a read on this thread with one connection; its result is complete when the call returns.</summary>
    /// <exception cref="MetadataUnavailableException">It took longer than it may, or the database does not answer.</exception>
    private T Read<TState, T>(
        TState state, Func<SessionPool.Lease, TState, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "")
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var span = MetadataTracing.Start(caller);
        try
        {
            using var reader = _readers.Rent();
            return body(reader, state);
        }
        catch (Exception error) when (MetadataTracing.Failed(span, error))
        {
            throw;
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

    /// <summary>As <see cref="Read"/>, for as long as it takes: for work on an installation that is not being served.</summary>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    private T ReadAtLength<TState, T>(TState state, Func<SessionPool.Lease, TState, T> body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            using var reader = _readers.RentUnlimited();
            return body(reader, state);
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
    }

    /// <summary>Runs a change through the writer; it is durable when the task completes.</summary>
    private async Task<T> WriteAsync<T>(
        Func<WriteScope, T> body, Urgency urgency, long weight, CancellationToken cancellationToken, [CallerMemberName] string caller = "")
    {
        using var span = MetadataTracing.Start(caller);
        try
        {
            await _steps.ReachAsync("metadata.before-commit");
            var result = await RunAsync(body, urgency, weight, cancellationToken);
            await _steps.ReachAsync("metadata.after-commit");
            return result;
        }
        catch (Exception error) when (MetadataTracing.Failed(span, error))
        {
            throw;
        }
    }

    private async Task<T> RunAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, CancellationToken cancellationToken)
    {
        if (_options.Reserve is not { } reserve) return await _writer.RunAsync(body, urgency, weight, cancellationToken);
        if (urgency == Urgency.Push && !reserve.IsHeld)
        {
            throw new MetadataFullException("The volume of the metadata database is full: nothing is pushed until its reserve is in place again.");
        }

        try
        {
            return await _writer.RunAsync(body, urgency, weight, cancellationToken);
        }
        catch (MetadataFullException full)
        {
            await reserve.ReleaseAsync(full.Message, CancellationToken.None);
            if (urgency == Urgency.Push) throw;
        }

        return await _writer.RunAsync(body, urgency, weight, cancellationToken);
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

    private Task<T> PushAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Push, weight: 1024, cancellationToken, caller);

    private Task<T> RelieveAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Relief, weight: 1024, cancellationToken, caller);
}
