using System.Data;
using System.Diagnostics;
using Berth.Metadata.Relational;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// Connections for one kind of operation, each with a thread of its own, and the bounded queue in front of them. Connections are made as operations need them and closed when
/// they have nothing to do; the one that rested last is called first, so that few of them do most and are warm, with the server's process behind each. Look-ups that come while others run wait for those, and go together in one message: a message costs both sides more than the statement in it.
/// While the server does not answer, operations fail at once instead of waiting for it.
/// </summary>
internal sealed partial class SessionGroup : IAsyncDisposable
{
    // So many look-ups wait for each connection that runs some, before one more connection takes some: on two or three connections they are as fast as they get.
    private const int LookUpsPerConnection = 4;
    private const int MostTogether = 16;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // Look-ups that take longer are no reason to wait for them.
    private static readonly TimeSpan LongLookUp = TimeSpan.FromMilliseconds(2);

    private readonly object _gate = new();
    private readonly Queue<Operation<PostgresSession>> _queue = new();
    private readonly HashSet<Worker> _workers = [];
    private readonly List<Worker> _resting = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name;
    private readonly int _most;
    private readonly PostgresOptions _options;
    private readonly Func<Worker, PostgresSession> _connect;
    private readonly ILogger _logger;
    private int _called;
    private int _lookingUp;
    private long _lookedUpAt;
    private int _failures;
    private long _noAttemptBefore;
    private long _roundTrips;
    private long _answers;
    private bool _isSilent;
    private bool _stopping;

    /// <param name="name">What it is for; a tag of its metrics.</param>
    /// <param name="most">The most connections.</param>
    /// <param name="options">The provider's settings.</param>
    /// <param name="connect">Makes a connection.</param>
    /// <param name="logger">For lost connections.</param>
    public SessionGroup(string name, int most, PostgresOptions options, Func<Worker, PostgresSession> connect, ILogger logger)
    {
        _name = name;
        _most = most;
        _options = options;
        _connect = connect;
        _logger = logger;
    }

    /// <summary>Messages sent and waited for by operations that ended; tests count them.</summary>
    public long RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>How many operations the server has answered.</summary>
    public long Answers => Volatile.Read(ref _answers);

    /// <summary>What a caller is told whom the database does not answer.</summary>
    public static MetadataUnavailableException NotAnswering(Exception? error = null) => new("The metadata database does not answer; try again later.", error);

    /// <summary>Whether an operation has waited for one answer of the server for so long.</summary>
    public bool HasWaitedFor(TimeSpan time)
    {
        lock (_gate)
        {
            foreach (var worker in _workers)
            {
                if (worker.Operations.Count > 0 && worker.SinceAsked >= time) return true;
            }

            return false;
        }
    }

    /// <summary>Gives up all that waits, with the connections: nobody knows which of them would ever answer. What comes is refused.</summary>
    public void BeginSilence()
    {
        List<Operation<PostgresSession>> running = [];
        List<Operation<PostgresSession>> waiting;
        lock (_gate)
        {
            _isSilent = true;
            waiting = [.. _queue];
            _queue.Clear();
            foreach (var worker in _workers)
            {
                worker.GiveUp();
                worker.Call();
                running.AddRange(worker.Operations);
            }

            _workers.Clear();
            _resting.Clear();
            (_called, _lookingUp) = (0, 0);
            if (_stopping) _ended.TrySetResult();
        }

        MetadataMetrics.PoolWaiting.Add(-waiting.Count, new KeyValuePair<string, object?>("kind", _name));
        foreach (var operation in running) operation.Fail(NotAnswering());
        foreach (var operation in waiting.Where(operation => operation.TryStart())) operation.Fail(NotAnswering());
    }

    /// <summary>Takes operations again.</summary>
    public void EndSilence()
    {
        lock (_gate)
        {
            if (!_isSilent) return;
            _isSilent = false;
        }

        Volatile.Write(ref _noAttemptBefore, 0);
    }

    /// <summary>Waits its turn and runs.</summary>
    /// <exception cref="MetadataUnavailableException">Too much waits already, or the database does not answer.</exception>
    public Task<T> RunAsync<T>(Operation<PostgresSession, T> operation, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);
        if (Refusal(operation) is { } refusal) return Task.FromException<T>(refusal);
        return operation.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            foreach (var worker in _workers) worker.Call();
            if (_workers.Count == 0) _ended.TrySetResult();
        }

        await _ended.Task;
    }

    private Exception? Refusal(Operation<PostgresSession> operation)
    {
        lock (_gate)
        {
            if (_stopping) return new ObjectDisposedException(nameof(PostgresDatabase));
            if (_isSilent) return NotAnswering();
            if (_queue.Count >= _options.QueuedOperations)
                return new MetadataUnavailableException("Too much waits for a connection to the metadata database; try again in a moment.");

            _queue.Enqueue(operation);
            if (operation.Text is not null && AreSoonTaken())
            {
                // Whoever runs look-ups takes it next.
            }
            else if (operation.Text is not null && _resting.Count == 0 && _called > 0)
            {
                // Whoever was called for others takes it along, or calls one more.
            }
            else CallOne();
        }

        MetadataMetrics.PoolWaiting.Add(1, new KeyValuePair<string, object?>("kind", _name));
        return null;
    }

    /// <summary>Has one more worker look at the queue, if there is one or may be.</summary>
    private void CallOne()
    {
        if (_resting.Count > 0)
        {
            _resting[^1].Call();
            _resting.RemoveAt(_resting.Count - 1);
            _called++;
        }
        else if (_workers.Count < _most)
        {
            var worker = new Worker();
            _workers.Add(worker);
            new Thread(() => Run(worker)) { IsBackground = true, Name = $"berth-metadata-{_name}" }.Start();
        }
    }

    private bool AreSoonTaken() =>
        _lookingUp > 0 && _queue.Count < _lookingUp * LookUpsPerConnection && Stopwatch.GetElapsedTime(_lookedUpAt) < LongLookUp;

    private void Run(Worker worker)
    {
        PostgresSession? session = null;
        try
        {
            while (Take(worker, session is not null))
            {
                MetadataMetrics.PoolInUse.Add(1, new KeyValuePair<string, object?>("kind", _name));
                try
                {
                    if (worker.Operations.Count == 1) Run(worker, worker.Operations[0], ref session);
                    else RunTogether(worker, ref session);
                }
                finally
                {
                    MetadataMetrics.PoolInUse.Add(-1, new KeyValuePair<string, object?>("kind", _name));
                }
            }
        }
        finally
        {
            session?.Dispose();
            lock (_gate)
            {
                _workers.Remove(worker);
                if (_stopping && _workers.Count == 0) _ended.TrySetResult();
            }
        }
    }

    /// <summary>Takes what is next: one operation, or several look-ups. False when there was none for a while, or never will be.</summary>
    private bool Take(Worker worker, bool isConnected)
    {
        var until = Stopwatch.GetTimestamp() + (long)((isConnected ? _options.IdleTime : TimeSpan.FromSeconds(1)).TotalSeconds * Stopwatch.Frequency);
        lock (_gate)
        {
            if (worker.LooksUp && !worker.IsGivenUp) _lookingUp--;
            worker.Operations.Clear();
        }

        while (true)
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until);
            lock (_gate)
            {
                if (worker.IsGivenUp) return false;
                TakeWaiting(worker.Operations);
                if (worker.Operations.Count > 0)
                {
                    worker.Begin();
                    if (!worker.LooksUp)
                    {
                        // A look-up behind it may have counted on being taken along.
                        if (_called == 0 && _queue.TryPeek(out var next) && next.Text is not null && !AreSoonTaken()) CallOne();
                        return true;
                    }

                    _lookingUp++;
                    _lookedUpAt = Stopwatch.GetTimestamp();
                    return true;
                }

                if (_stopping || left <= TimeSpan.Zero) return false;
                _resting.Add(worker);
            }

            worker.Rest(left);
            lock (_gate)
            {
                if (!worker.IsGivenUp && !_resting.Remove(worker)) _called--;
            }
        }
    }

    private void TakeWaiting(List<Operation<PostgresSession>> taken)
    {
        while (taken.Count < MostTogether && _queue.TryPeek(out var next) && (taken.Count == 0 || (next.Text is not null && taken[0].Text is not null)))
        {
            _queue.Dequeue();
            MetadataMetrics.PoolWaiting.Add(-1, new KeyValuePair<string, object?>("kind", _name));
            if (next.TryStart()) taken.Add(next);
        }
    }

    /// <summary>Sends look-ups as one message; where that fails, runs each by itself that has no result yet.</summary>
    private void RunTogether(Worker worker, ref PostgresSession? session)
    {
        var operations = worker.Operations;
        var done = 0;
        try
        {
            session ??= Connect(worker);
            var before = session.RoundTrips;
            var statements = session.RunTogether(operations);
            for (; done < operations.Count; done++)
            {
                operations[done].Answer(session, statements[done]);
                operations[done].Succeed();
            }

            Interlocked.Add(ref _roundTrips, session.RoundTrips - before);
            Interlocked.Add(ref _answers, operations.Count);
        }
        catch (Exception) when (worker.IsGivenUp)
        {
            // Their callers know.
            Drop(ref session);
        }
        catch (Exception error)
        {
            if (session is not null && !session.TryReset() | PostgresErrors.IsStalePlan(error) | PostgresErrors.IsLost(error)) Drop(ref session);
            for (; done < operations.Count; done++) Run(worker, operations[done], ref session);
        }
    }

    private void Run(Worker worker, Operation<PostgresSession> operation, ref PostgresSession? session)
    {
        var connections = 0;
        var duplicates = 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                session ??= Connect(worker);
                var before = session.RoundTrips;
                if (operation.IsLong) session.BeginLong(operation.Isolation ?? IsolationLevel.ReadCommitted);
                else if (operation.IsOneStatement) session.BeginAlone();
                else if (operation.Isolation is { } isolation) session.BeginTransaction(isolation);
                operation.Run(session);
                session.Commit();
                Interlocked.Add(ref _roundTrips, session.RoundTrips - before);
                Interlocked.Increment(ref _answers);
                operation.Succeed();
                return;
            }
            catch (Exception) when (worker.IsGivenUp)
            {
                // Its caller knows.
                Drop(ref session);
                return;
            }
            catch (Exception error)
            {
                var isCommitting = operation.IsChange && session is { IsCommitting: true };
                if (session is not null && !session.TryReset() | PostgresErrors.IsStalePlan(error) | PostgresErrors.IsLost(error)) Drop(ref session);
                var reason = ReasonToRetry(error, isCommitting, attempt, ref connections, ref duplicates);
                if (reason is null)
                {
                    operation.Fail(PostgresErrors.Translate(error));
                    return;
                }

                MetadataMetrics.Retries.Add(1, new KeyValuePair<string, object?>("reason", reason));
                if (reason is "conflict") Thread.Sleep(Random.Shared.Next(0, Math.Min(2 << Math.Min(attempt, 6), 100)));
            }
        }
    }

    /// <summary>Why running it again is right; null when it is not. What was being committed may have been: only its caller can tell.</summary>
    private string? ReasonToRetry(Exception error, bool isCommitting, int attempt, ref int connections, ref int duplicates)
    {
        if (attempt >= _options.Attempts || error is MetadataUnavailableException) return null;
        if (PostgresErrors.IsConflict(error)) return "conflict";
        if (PostgresErrors.IsDuplicate(error)) return duplicates++ < 3 ? "duplicate" : null;
        if (PostgresErrors.IsStalePlan(error)) return connections++ < 2 ? "plan" : null;
        if (PostgresErrors.IsLost(error)) return !isCommitting && connections++ < 1 ? "connection" : null;
        return null;
    }

    private PostgresSession Connect(Worker worker)
    {
        if (Stopwatch.GetTimestamp() < Volatile.Read(ref _noAttemptBefore)) throw NotAnswering();
        try
        {
            worker.Ask();
            var session = _connect(worker);
            if (Interlocked.Exchange(ref _failures, 0) > 0) LogConnectedAgain(_name);
            return session;
        }
        catch (Exception error) when (!worker.IsGivenUp)
        {
            var failures = Interlocked.Increment(ref _failures);
            var pause = Math.Min(50 << Math.Min(failures, 6), (int)LongestPause.TotalMilliseconds);
            Volatile.Write(ref _noAttemptBefore, Stopwatch.GetTimestamp() + (Random.Shared.Next(pause / 2, pause) * Stopwatch.Frequency / 1000));
            MetadataMetrics.ConnectionFailed();
            if (failures == 1) LogNotConnected(_name, error.Message);
            throw error is MetadataStartException ? new MetadataUnavailableException(error.Message, error) : NotAnswering(error);
        }
    }

    private static void Drop(ref PostgresSession? session)
    {
        session?.Dispose();
        session = null;
    }
}
