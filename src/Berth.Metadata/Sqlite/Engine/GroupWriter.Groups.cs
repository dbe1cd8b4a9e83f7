using System.Diagnostics;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>The writer's thread: how a group runs, commits, and is taken apart when its transaction is lost.</summary>
internal sealed partial class GroupWriter
{
    private static readonly Sql BeginImmediate = new("BEGIN IMMEDIATE");
    private static readonly Sql Commit = new("COMMIT");
    private static readonly Sql Rollback = new("ROLLBACK");
    private static readonly Sql Savepoint = new("SAVEPOINT member");
    private static readonly Sql Release = new("RELEASE member");
    private static readonly Sql RollbackMember = new("ROLLBACK TO member");

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

    private void RunGroup(Operation<WriteScope> first)
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
            LogGroupFailed(1, error);
            first.Fail(Judge(error));
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
    private bool RunMember(Operation<WriteScope> member)
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
            var answer = Judge(error);
            try
            {
                _session.Reset();
                return TryRollBackMember();
            }
            finally
            {
                // Whatever becomes of the transaction, this member is no part of it.
                member.Fail(answer);
            }
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
            Judge(error);
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

        var took = Stopwatch.GetElapsedTime(started);
        MetadataMetrics.CommitDuration.Record(took.TotalSeconds);
        MetadataMetrics.GroupSize.Record(_members.Count);
        _checkpointer.Committed();
        foreach (var member in _members)
        {
            member.Span?.SetTag("berth.metadata.commit_time", took.TotalSeconds).SetTag("berth.metadata.group_size", _members.Count);
            member.Succeed();
        }

        _members.Clear();
        return true;
    }

    /// <summary>After the group's transaction was lost: gives each of its members a transaction of its own.</summary>
    private void RunAlone(Exception? reason = null)
    {
        RollBack();
        var members = new Queue<Operation<WriteScope>>(_members);
        _members.Clear();
        if (reason is not null && members.Count == 1) members.Dequeue().Fail(SqliteErrors.Translate(reason));
        try
        {
            while (members.TryDequeue(out var member)) RunAlone(member);
        }
        finally
        {
            // Left only when the writer itself failed.
            foreach (var member in members) member.Fail(Unavailable(_faulted ?? reason ?? new InvalidOperationException("The writer failed.")));
        }
    }

    private void RunAlone(Operation<WriteScope> member)
    {
        if (_faulted is { } fault)
        {
            member.Fail(Unavailable(fault));
            return;
        }

        try
        {
            _session.Use(BeginImmediate).Execute();
        }
        catch (Exception refused)
        {
            member.Fail(Judge(refused));
            return;
        }

        if (RunMember(member) && !TryCommit(out var error)) member.Fail(SqliteErrors.Translate(error!));
        RollBack();
        _members.Clear();
    }

    /// <summary>What the caller is told of an error that came before the commit; one after which nothing can be trusted ends the writing.</summary>
    private Exception Judge(Exception error)
    {
        if (!SqliteErrors.IsFatalBeforeCommit(error)) return SqliteErrors.Translate(error);
        Fault(error);
        return Unavailable(error);
    }

    private void RollBack()
    {
        if (_session.InTransaction) _session.Use(Rollback).Execute();
    }

    private void FailMembers(Exception? error)
    {
        foreach (var member in _members)
        {
            member.Fail(new MetadataUnavailableException("The metadata database failed while it committed; the server must be restarted.", error));
        }

        _members.Clear();
    }
}
