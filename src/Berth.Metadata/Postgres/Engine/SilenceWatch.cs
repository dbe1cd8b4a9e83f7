using Microsoft.Extensions.Logging;
using Npgsql;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// Tells a database that does not answer any more from one that is slow. A network that swallows packets breaks no connection, and a statement may take its time: so when an operation
/// has waited for a while, the database is asked for something that costs it nothing. Where that is not answered either, and nothing else was, all that waits is given up and what comes is refused
/// until the database answers: together within two seconds. Nothing is asked while operations are answered.
/// </summary>
internal sealed partial class SilenceWatch : IAsyncDisposable
{
    // Time is counted in what this process was awake for: a node that stood still itself blames nobody.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);
    private const int SlicesToAnswer = 18;

    // Looks are rare, because each wakes a node that may have nothing else to do.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Suspicion = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromMilliseconds(500);

    // A connection that rests for longer may be forgotten by what lies between, and would be silent for that alone.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly SessionGroup[] _groups;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private NpgsqlConnection? _connection;
    private long _askedAt = Environment.TickCount64;

    /// <param name="source">Makes its own connections.</param>
    /// <param name="groups">Whose operations are watched.</param>
    /// <param name="logger">For the beginning and the end of silence.</param>
    public SilenceWatch(NpgsqlDataSource source, SessionGroup[] groups, ILogger logger)
    {
        _source = source;
        _groups = groups;
        _logger = logger;
        _watching = Task.Run(WatchAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await ForgetAsync();
        await _source.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        var isSilent = false;
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(isSilent ? Slice : BetweenLooks, TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var since = TimeSpan.FromMilliseconds(Environment.TickCount64 - _askedAt);
            if (!isSilent && !Array.Exists(_groups, group => group.HasWaitedFor(Suspicion)))
            {
                if (since > Kept) await ForgetAsync();
                continue;
            }

            if (!isSilent && since < BetweenQuestions) continue;
            var answers = Answers();
            var isAnswering = await IsAnsweringAsync();
            _askedAt = Environment.TickCount64;
            if (isAnswering || answers != Answers())
            {
                if (isSilent) LogAnswersAgain(_logger);
                isSilent = false;
                foreach (var group in _groups) group.EndSilence();
                continue;
            }

            if (_stop.IsCancellationRequested) continue;

            // Each time that it is asked in vain: whoever watches sees that it goes on.
            MetadataMetrics.ConnectionFailed();
            if (isSilent) continue;
            isSilent = true;
            LogSilent(_logger);
            foreach (var group in _groups) group.BeginSilence();
        }
    }

    private long Answers() => _groups.Sum(group => group.Answers);

    /// <summary>Whether the database answers in time; what is late is left to end by itself.</summary>
    private async Task<bool> IsAnsweringAsync()
    {
        var question = AskAsync();
        for (var slices = 0; slices < SlicesToAnswer && !question.IsCompleted && !_stop.IsCancellationRequested; slices++)
            await Task.WhenAny(question, Task.Delay(Slice, TimeProvider.System, CancellationToken.None));
        return question.IsCompleted && await question;
    }

    private async Task<bool> AskAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is { } kept && await AskAsync(kept)) return true;
        try
        {
            return await AskAsync(await _source.OpenConnectionAsync(CancellationToken.None));
        }
        catch (PostgresException error)
        {
            // It has no room for one more, say: it answers, and operations are told what they need to know.
            return !IsGoing(error);
        }
        catch (Exception error) when (PostgresErrors.IsLost(error) || error is ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task<bool> AskAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_is_in_recovery()", connection);
            var isStandby = (bool)(await command.ExecuteScalarAsync(CancellationToken.None))!;
            if (Interlocked.Exchange(ref _connection, connection) is { } other) await other.DisposeAsync();
            return !isStandby;
        }
        catch (Exception error) when (PostgresErrors.IsLost(error) || error is PostgresException or InvalidOperationException)
        {
            await connection.DisposeAsync();
            return error is PostgresException postgres && !IsGoing(postgres);
        }
    }

    // It is not there yet, or not for long, as the server itself says.
    private static bool IsGoing(PostgresException error) => error.SqlState[..2] is "08" or "57";

    private async Task ForgetAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is { } connection) await connection.DisposeAsync();
    }

    [LoggerMessage(3105, LogLevel.Error, "The metadata database does not answer any more; what waits for it is refused, as is what comes, until it does")]
    private static partial void LogSilent(ILogger logger);

    [LoggerMessage(3106, LogLevel.Information, "The metadata database answers again")]
    private static partial void LogAnswersAgain(ILogger logger);
}
