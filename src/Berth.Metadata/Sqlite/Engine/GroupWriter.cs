using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// The one writer: a thread with its own connection that takes what waits, runs each operation inside a savepoint of one transaction,
/// commits, and only then answers. A single operation commits at once; while a commit runs, the next group gathers.
/// </summary>
internal sealed partial class GroupWriter : IAsyncDisposable
{
    private static readonly Sql BeginImmediate = new("BEGIN IMMEDIATE");
    private static readonly Sql Commit = new("COMMIT");
    private static readonly Sql Rollback = new("ROLLBACK");
    private static readonly Sql Savepoint = new("SAVEPOINT member");
    private static readonly Sql Release = new("RELEASE member");
    private static readonly Sql RollbackMember = new("ROLLBACK TO member");

    private readonly object _gate = new();
    private readonly Queue<WriteOperation> _queue = new();
    private readonly List<WriteOperation> _members = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteOptions _options;
    private readonly Session _session;
    private readonly WriteScope _scope;
    private readonly Checkpointer _checkpointer;
    private readonly ILogger _logger;
    private long _queuedBytes;
    private bool _stopping;
    private volatile Exception? _faulted;

    public GroupWriter(SqliteOptions options, Session session, WriteScope scope, Checkpointer checkpointer, ILogger logger)
    {
        _options = options;
        _session = session;
        _scope = scope;
        _checkpointer = checkpointer;
        _logger = logger;
        new Thread(Run) { IsBackground = true, Name = "berth-metadata-writer" }.Start();
    }

    /// <summary>Completes, with the reason, when the database can no longer be trusted; nothing is written after that.</summary>
    public Task<Exception> Faulted => _fault.Task;

    public bool IsHealthy => _faulted is null && !_ended.Task.IsCompleted;

    /// <summary>Waits its turn and runs; completes when it is durable.</summary>
    /// <exception cref="MetadataUnavailableException">Too much waits already, or the database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public Task<T> RunAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);

        var operation = new WriteOperation<T>(body) { Weight = weight };
        if (Refusal(urgency, weight, operation) is { } refusal) return Task.FromException<T>(refusal);

        return cancellationToken.CanBeCanceled ? WithCancellation(operation, cancellationToken) : operation.Task;
    }

    /// <summary>Marks the store as no longer to be trusted.</summary>
    public void Fault(Exception error)
    {
        if (Interlocked.CompareExchange(ref _faulted, error, null) is not null) return;
        LogFaulted(error);
        _fault.TrySetResult(error);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
    }

    private static async Task<T> WithCancellation<T>(WriteOperation<T> operation, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((WriteOperation<T>)state!).Cancel(token), operation);
        return await operation.Task;
    }

    private Exception? Refusal(Urgency urgency, long weight, WriteOperation operation)
    {
        if (_faulted is { } fault) return Unavailable(fault);
        if (urgency == Urgency.Push && _checkpointer.WalBytes > _options.WalLimitBytes)
        {
            return new MetadataUnavailableException("The metadata's write-ahead log waits for its checkpoint; try again in a moment.");
        }

        lock (_gate)
        {
            if (_stopping) return new ObjectDisposedException(nameof(SqliteMetadataStore));
            if (_queue.Count >= _options.QueuedOperations || _queuedBytes + weight > _options.QueuedBytes)
            {
                return new MetadataUnavailableException("Too many changes wait for the metadata database; try again in a moment.");
            }

            _queue.Enqueue(operation);
            _queuedBytes += weight;
            if (_queue.Count == 1) Monitor.Pulse(_gate);
        }

        MetadataMetrics.QueueLength.Add(1);
        return null;
    }

    private static MetadataUnavailableException Unavailable(Exception fault) =>
        new("The metadata database failed and takes no more changes; the server must be restarted.", fault);

    private WriteOperation? Dequeue()
    {
        while (true)
        {
            WriteOperation? operation;
            lock (_gate)
            {
                if (!_queue.TryDequeue(out operation)) return null;
                _queuedBytes -= operation.Weight;
            }

            MetadataMetrics.QueueLength.Add(-1);
            if (operation.TryStart()) return operation;
        }
    }

    private void Run()
    {
        try
        {
            while (WaitForWork())
            {
                if (_checkpointer.WalBytes > _options.WalSlowBytes) Thread.Sleep(_options.WalSlowdown);
                if (Dequeue() is { } first) RunGroup(first);
            }
        }
        catch (Exception error)
        {
            // A defect of the writer itself: its transaction's fate is unknown, so nothing more may be acknowledged.
            Fault(error);
            FailMembers(error);
        }
        finally
        {
            lock (_gate) _stopping = true;
            while (Dequeue() is { } left) left.Fail(Unavailable(_faulted ?? new ObjectDisposedException(nameof(GroupWriter))));
            _ended.SetResult();
        }
    }

    private bool WaitForWork()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stopping) return false;
                Monitor.Wait(_gate);
            }

            return true;
        }
    }

    private void RunGroup(WriteOperation first)
    {
        if (_faulted is { } fault)
        {
            first.Fail(Unavailable(fault));
            return;
        }

        _members.Clear();
        try
        {
            _session.Use(BeginImmediate).Execute();
        }
        catch (Exception error)
        {
            first.Fail(SqliteErrors.Translate(error));
            LogGroupFailed(1, error);
            return;
        }

        var started = Stopwatch.GetTimestamp();
        long weight = 0;
        for (var next = first; next is not null; next = GroupIsFull(weight, started) ? null : Dequeue())
        {
            weight += next.Weight;
            if (RunMember(next)) continue;

            RunAlone();
            return;
        }

        if (!TryCommit(out var commitError)) RunAlone(commitError);
    }

    private bool GroupIsFull(long weight, long started) =>
        _members.Count >= _options.GroupOperations || weight >= _options.GroupBytes || Stopwatch.GetElapsedTime(started) >= _options.GroupTime;

    /// <summary>Runs one operation inside its savepoint; false when the whole transaction was lost, with the operation answered already.</summary>
    private bool RunMember(WriteOperation member)
    {
        try
        {
            _session.Use(Savepoint).Execute();
            member.Run(_scope);
            _session.Use(Release).Execute();
            _members.Add(member);
            return true;
        }
        catch (Exception error)
        {
            var survives = TryRollBackMember();
            if (SqliteErrors.IsDamage(error)) Fault(error);
            member.Fail(SqliteErrors.Translate(error));
            return survives;
        }
    }

    private bool TryRollBackMember()
    {
        // SQLite ends the whole transaction itself after some errors (a full disk, an I/O error); the savepoints are gone with it.
        if (!_session.InTransaction) return false;
        try
        {
            _session.Use(RollbackMember).Execute();
            _session.Use(Release).Execute();
            return _session.InTransaction;
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            LogGroupFailed(_members.Count, error);
            RollBack();
            return false;
        }
    }

    /// <summary>Commits and answers; false when nothing of the group stands and its members may be run one by one.</summary>
    private bool TryCommit(out Exception? error)
    {
        error = null;
        if (_members.Count == 0 || _faulted is not null)
        {
            RollBack();
            FailMembers(_faulted);
            return true;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            _session.Use(Commit).Execute();
        }
        catch (Exception failure)
        {
            RollBack();
            LogGroupFailed(_members.Count, failure);
            if (SqliteErrors.IsFatal(failure))
            {
                Fault(failure);
                FailMembers(failure);
                return true;
            }

            error = failure;
            return false;
        }

        MetadataMetrics.CommitDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        MetadataMetrics.GroupSize.Record(_members.Count);
        _checkpointer.Committed();
        foreach (var member in _members) member.Succeed();
        _members.Clear();
        return true;
    }

    /// <summary>After the group's transaction was lost: gives each of its members a transaction of its own.</summary>
    private void RunAlone(Exception? reason = null)
    {
        RollBack();
        var members = _members.ToArray();
        _members.Clear();
        if (reason is not null && members.Length == 1)
        {
            members[0].Fail(SqliteErrors.Translate(reason));
            return;
        }

        foreach (var member in members)
        {
            if (_faulted is { } fault)
            {
                member.Fail(Unavailable(fault));
                continue;
            }

            try
            {
                _session.Use(BeginImmediate).Execute();
            }
            catch (Exception refused)
            {
                member.Fail(SqliteErrors.Translate(refused));
                continue;
            }

            if (RunMember(member) && !TryCommit(out var error)) member.Fail(SqliteErrors.Translate(error!));
            RollBack();
            _members.Clear();
        }
    }

    private void RollBack()
    {
        if (_session.InTransaction) _session.Use(Rollback).Execute();
    }

    private void FailMembers(Exception? error)
    {
        foreach (var member in _members) member.Fail(new MetadataUnavailableException("The metadata database failed while it committed; the server must be restarted.", error));
        _members.Clear();
    }
}
