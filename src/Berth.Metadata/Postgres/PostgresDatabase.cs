using System.Data;
using System.Globalization;
using Berth.Metadata.Postgres.Engine;
using Berth.Metadata.Relational;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Berth.Metadata.Postgres;

/// <summary>
/// One PostgreSQL database: a read is one statement, or one snapshot; a change is one SERIALIZABLE transaction that is run again when it conflicts with others.
/// </summary>
internal sealed partial class PostgresDatabase : IDatabase
{
    private const int NumberedAtOnce = 10_000;

    private static readonly TimeSpan MostClockOffset = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchLimit = TimeSpan.FromSeconds(2);

    private readonly PostgresOptions _options;
    private readonly DatabaseTime _time;
    private readonly ILogger _logger;
    private readonly NpgsqlDataSource _source;
    private readonly HybridClock _clock;
    private readonly SessionGroup _readers;
    private readonly SessionGroup _writers;
    private readonly SilenceWatch _watch;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _rounds;
    private int _disposed;

    private PostgresDatabase(PostgresOptions options, DatabaseTime time, NpgsqlDataSource source, HybridClock clock, ILogger logger)
    {
        _options = options;
        _time = time;
        _source = source;
        _clock = clock;
        _logger = logger;
        var readers = Math.Max(1, options.MaxConnections / 2);
        _readers = new SessionGroup("read", readers, options, worker => Connect(source, options, worker), logger);
        _writers = new SessionGroup("write", Math.Max(1, options.MaxConnections - readers), options, worker => Connect(source, options, worker), logger);
        _watch = new SilenceWatch(CreateSource(options with { ConnectLimit = WatchLimit, StatementLimit = WatchLimit }), [_readers, _writers], logger);
        _rounds = Task.Run(RunRoundsAsync);
    }

    /// <summary>Never: what a server acknowledged is its matter, and another connection may be good.</summary>
    public Task<Exception> Faulted { get; } = new TaskCompletionSource<Exception>().Task;

    /// <inheritdoc/>
    public string SystemName => "postgresql";

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public bool KeepsTime => _options.FollowsDatabaseClock;

    /// <summary>Messages that reads sent and waited for; tests count them.</summary>
    public long ReaderRoundTrips => _readers.RoundTrips;

    /// <summary>Messages that changes sent and waited for; tests count them.</summary>
    public long WriterRoundTrips => _writers.RoundTrips;

    /// <summary>Connects and brings the schema up to date.</summary>
    public static PostgresDatabase Open(PostgresOptions options, DatabaseTime time, ILogger logger)
    {
        var source = CreateSource(options);
        try
        {
            using var session = Connect(source, options);
            if (options.FollowsDatabaseClock)
            {
                // The first answer takes longer, so that it says less.
                MeasureClock(session, time);
                MeasureClock(session, time);
            }

            var applied = PostgresMigrator.Migrate(session, time);
            var database = new PostgresDatabase(options, time, source, new HybridClock(time, ReadHighest(session)), logger);
            LogOpened(logger, applied);
            return database;
        }
        catch (Exception error)
        {
            source.Dispose();
            var translated = PostgresErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
    }

    /// <summary>The highest hybrid time issued.</summary>
    internal static long ReadHighest(PostgresSession session) => (long)session.Run("""
        SELECT GREATEST(COALESCE((SELECT hybrid_time FROM installation), 0),
            COALESCE((SELECT max(hybrid_time) FROM (SELECT hybrid_time FROM ledger ORDER BY id DESC LIMIT 10000) newest), 0))
        """)![0];

    /// <inheritdoc/>
    public async ValueTask<T> ReadAsync<TState, T>(
        TState state, Func<Session, TState, T> body, bool isLong, string caller, CancellationToken cancellationToken) =>
        await _readers.RunAsync(new Operation<PostgresSession, T>(session => body(session, state)) { IsLong = isLong, Span = MetadataTracing.Current }, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<T> LookUpAsync<TState, T>(LookUp<TState, T> lookUp, TState state, string caller, CancellationToken cancellationToken) => await _readers.RunAsync(
        new Operation<PostgresSession, T>(session => lookUp.Run(session, state))
        {
            Span = MetadataTracing.Current,
            Text = lookUp.Text(state),
            Bind = rows => lookUp.Bind(rows, state),
            Read = (session, rows) => lookUp.Read(session, rows, state),
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<T> WriteAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, Extent extent, CancellationToken cancellationToken) => _writers.RunAsync(
        new Operation<PostgresSession, T>(session => body(new WriteScope(session, _time, _clock)))
        {
            Isolation = extent == Extent.OneStatement ? null : IsolationLevel.Serializable,
            IsOneStatement = extent == Extent.OneStatement,
            IsLong = extent == Extent.WholeTables,
            Span = MetadataTracing.Current,
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask NumberLedgerAsync(CancellationToken cancellationToken)
    {
        const string AnyLeft = "SELECT EXISTS (SELECT 1 FROM ledger WHERE number IS NULL)";
        while (await _readers.RunAsync(new Operation<PostgresSession, bool>(static session => (bool)session.Run(AnyLeft)![0]), cancellationToken))
        {
            if (await _writers.RunAsync(new Operation<PostgresSession, int>(Number) { Isolation = IsolationLevel.ReadCommitted }, cancellationToken) < NumberedAtOnce) return;
        }
    }

    /// <summary>Nothing: the server's own files are the server's, and it keeps foreign keys itself.</summary>
    public IReadOnlyList<string> CheckFiles(Session session, int most) => [];

    /// <inheritdoc/>
    public async ValueTask<bool> IsHealthyAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _disposed) != 0 || _time.Offset.Duration() > MostClockOffset) return false;
        try
        {
            var probe = new Operation<PostgresSession, bool>(static session => session.Run("SELECT 1 FROM installation") is not null);
            return await _readers.RunAsync(probe, cancellationToken).WaitAsync(ProbeLimit, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or MetadataUnavailableException or PostgresException)
        {
            // The answer of a probe, not an error of its own.
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;

        await _stop.CancelAsync();
        await _rounds;
        await _writers.DisposeAsync();
        await _readers.DisposeAsync();
        await _watch.DisposeAsync();
        await _source.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>What the connection string says, and what this provider needs of it.</summary>
    /// <exception cref="MetadataStartException">It cannot be read.</exception>
    internal static NpgsqlConnectionStringBuilder Settings(PostgresOptions options)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(options.ConnectionString)
            {
                // Connections are this provider's own, and may be a pooler's: nothing is set on them that would outlive a transaction.
                Pooling = false,
                Enlist = false,
                IncludeErrorDetail = false,
                Timeout = (int)Math.Ceiling(options.ConnectLimit.TotalSeconds),
                CommandTimeout = (int)Math.Ceiling(options.StatementLimit.TotalSeconds),
                TcpKeepAlive = true,
            };
        }
        catch (Exception error) when (error is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The text is secret, and so may be what the error quotes of it.
            throw new MetadataStartException("The connection string of the metadata database cannot be read: it is a list of Keyword=value, separated by semicolons.");
        }
    }

    /// <summary>Where connections come from; none is made yet.</summary>
    /// <exception cref="MetadataStartException">The connection string cannot be read.</exception>
    internal static NpgsqlDataSource CreateSource(PostgresOptions options)
    {
        var settings = Settings(options);
        settings.ApplicationName ??= "berth";
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true) settings.TargetSessionAttributes ??= "primary";
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    /// <summary>A connection to a server that may be served from.</summary>
    internal static PostgresSession Connect(NpgsqlDataSource source, PostgresOptions options, Worker? worker = null)
    {
        var session = new PostgresSession(source.OpenConnection(), options) { Worker = worker ?? new Worker() };
        try
        {
            Examine(session, options);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Every server that a connection may lead to must be the one that writes, and keep what it acknowledges.</summary>
    private static void Examine(PostgresSession session, PostgresOptions options)
    {
        var facts = session.Run("""
            SELECT pg_is_in_recovery(), current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
                current_setting('server_version_num')
            """)!;
        if ((bool)facts[0]) throw new MetadataUnavailableException("The metadata database is a standby, which is not served from; the primary is waited for.");
        if (int.Parse((string)facts[4], CultureInfo.InvariantCulture) < 140_000)
            throw new MetadataStartException("The metadata database is older than PostgreSQL 14; upgrade it.");
        if (options.AllowDataLoss) return;

        foreach (var (name, value) in (ReadOnlySpan<(string, object)>)[("fsync", facts[1]), ("full_page_writes", facts[2]), ("synchronous_commit", facts[3])])
        {
            if ((string)value == "off")
            {
                throw new MetadataStartException(
                    $"The metadata database runs with {name}=off and may lose what it acknowledged; turn it on, or allow data loss (Metadata:AllowDataLoss).");
            }
        }
    }

    internal static TimeSpan MeasureClock(PostgresSession session, DatabaseTime time) => time.Measure(
        () => DateTimeOffset.UnixEpoch.AddMicroseconds((long)session.Run("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")![0]));

    /// <summary>
    /// Numbers what is committed. The row's lock is held to the end of this transaction, so a higher number becomes visible only after all lower ones; each statement sees what was
    /// committed before it, and no record that appears later is given a number that readers have passed.
    /// </summary>
    private static int Number(PostgresSession session)
    {
        var last = (long)session.Run("SELECT last_number FROM ledger_sequence WHERE id = 1 FOR UPDATE")![0];
        var numbered = session.RunChange(
            """
            UPDATE ledger SET number = $1 + due.place
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM (SELECT id FROM ledger WHERE number IS NULL ORDER BY id LIMIT $2) oldest) due
            WHERE ledger.id = due.id
            """,
            last,
            NumberedAtOnce);
        if (numbered > 0) session.RunChange("UPDATE ledger_sequence SET last_number = last_number + $1 WHERE id = 1", numbered);
        return numbered;
    }

    private async Task RunRoundsAsync()
    {
        var clockDue = 0L;
        var isFailing = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(_options.NumberingInterval, TimeProvider.System, _stop.Token);
                if (_options.FollowsDatabaseClock && Environment.TickCount64 >= clockDue)
                {
                    clockDue = Environment.TickCount64 + (long)_options.ClockInterval.TotalMilliseconds;
                    await _readers.RunAsync(new Operation<PostgresSession, bool>(FollowClock), _stop.Token);
                }

                await NumberLedgerAsync(_stop.Token);
                await _writers.RunAsync(new Operation<PostgresSession, int>(static session => session.FoldUsage()) { IsOneStatement = true }, _stop.Token);
                isFailing = false;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (MetadataUnavailableException)
            {
                // Said where the connection failed; the next round looks again.
            }
            catch (Exception error)
            {
                // A full volume, or what nobody thought of: rounds go on, or the ledger would have no numbers from now on. Said once, as long as it lasts.
                if (!isFailing) LogRoundFailed(_logger, error);
                isFailing = true;
            }
        }
    }

    private bool FollowClock(PostgresSession session)
    {
        var wasOff = _time.Offset.Duration() > MostClockOffset;
        var jump = MeasureClock(session, _time);
        if (jump != TimeSpan.Zero) LogTimeJumped(_logger, jump);
        if (_time.Offset.Duration() > MostClockOffset && !wasOff) LogClockOff(_logger, _time.Offset);
        return true;
    }
}
