using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// Moves the WAL into the database on a thread and a connection of its own: passively once enough pages wait, restarting the log when it
/// grows long all the same, and truncating it when nothing is written any more. It sleeps while there is nothing to move.
/// </summary>
internal sealed partial class Checkpointer : IDisposable
{
    // SQLITE_CHECKPOINT_NOOP: only says how long the log is.
    private const int Look = -1;

    private static readonly TimeSpan HoldUpPause = TimeSpan.FromSeconds(1);

    private readonly SqliteOptions _options;
    private readonly SqliteSession _session;
    private readonly SessionPool _readers;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(false);
    private readonly int _frameBytes;
    private readonly Stopwatch _heldUp = new();
    private Action<Exception> _onFault = static _ => { };
    private Action<Exception> _onFull = static _ => { };
    private long _commits;
    private long _walBytes;
    private int _awake;
    private volatile bool _stopping;

    public Checkpointer(SqliteOptions options, SqliteSession session, SessionPool readers, ILogger logger)
    {
        _options = options;
        _session = session;
        _readers = readers;
        _logger = logger;
        _frameBytes = int.Parse(session.Run("PRAGMA page_size")!, System.Globalization.CultureInfo.InvariantCulture) + 24;
        _thread = new Thread(Run) { IsBackground = true, Name = "berth-metadata-checkpointer" };
    }

    /// <summary>Bytes of the WAL that are in use, as of the last look.</summary>
    public long WalBytes => Volatile.Read(ref _walBytes);

    /// <summary>Starts the thread; a failed sync of the database goes to <paramref name="onFault"/>, a full volume to <paramref name="onFull"/>.</summary>
    public void Start(Action<Exception> onFault, Action<Exception> onFull)
    {
        _onFault = onFault;
        _onFull = onFull;
        _thread.Start();
        Committed();
    }

    /// <summary>Is told of every commit.</summary>
    public void Committed()
    {
        Volatile.Write(ref _commits, _commits + 1);
        if (Interlocked.Exchange(ref _awake, 1) == 0) _wake.Set();
    }

    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        if (_thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted)) return;
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        try
        {
            var quietSince = Stopwatch.GetTimestamp();
            long seen = 0;
            while (true)
            {
                _wake.WaitOne(Volatile.Read(ref _awake) == 1 ? _options.CheckpointInterval : Timeout.InfiniteTimeSpan);
                if (_stopping) return;

                var commits = Volatile.Read(ref _commits);
                if (commits != seen) quietSince = Stopwatch.GetTimestamp();
                seen = commits;
                if (Move(Stopwatch.GetElapsedTime(quietSince) >= _options.IdleTime)) Sleep(commits);
            }
        }
        catch (Exception error)
        {
            // A failed sync must not be tried again: the pages it lost may be gone from the cache, too.
            _onFault(error);
        }
    }

    /// <summary>One look at the WAL; true when it is empty and nothing is left to do.</summary>
    private bool Move(bool idle)
    {
        try
        {
            _session.Checkpoint(Look, out var frames, out var copied);
            if (idle) return Truncate(frames);
            if (frames - copied >= _options.CheckpointPages) _session.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE, out frames, out copied);

            // Readers and the writer may keep a passive checkpoint from ever catching up; this one makes the writer begin the log anew.
            if ((long)frames * _frameBytes >= _options.WalRestartBytes && TryReset(raw.SQLITE_CHECKPOINT_RESTART)) frames = 0;
            Report(frames);
            return false;
        }
        catch (Microsoft.Data.Sqlite.SqliteException error) when (!SqliteErrors.IsFatal(error))
        {
            LogCheckpointFailed(error);
            if (error.SqliteErrorCode == raw.SQLITE_FULL) _onFull(error);
            return false;
        }
    }

    private bool Truncate(int frames)
    {
        var done = TryReset(raw.SQLITE_CHECKPOINT_TRUNCATE);
        Report(done ? 0 : frames);
        if (done) _readers.Trim();
        return done;
    }

    private bool TryReset(int mode)
    {
        // While it waits for a long reader it keeps the writer out, so one that was held up is not repeated at once.
        if (_heldUp.IsRunning && _heldUp.Elapsed < HoldUpPause) return false;

        var done = _session.Checkpoint(mode, out _, out _);
        if (done) _heldUp.Reset();
        else _heldUp.Restart();
        return done;
    }

    private void Report(int frames)
    {
        var bytes = (long)frames * _frameBytes;
        Volatile.Write(ref _walBytes, bytes);
        MetadataMetrics.WalBytes.Record(bytes);
    }

    private void Sleep(long commits)
    {
        Interlocked.Exchange(ref _awake, 0);
        if (Volatile.Read(ref _commits) != commits) Volatile.Write(ref _awake, 1);
    }
}
