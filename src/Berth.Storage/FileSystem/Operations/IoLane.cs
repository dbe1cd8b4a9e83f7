namespace Berth.Storage.FileSystem.Operations;

/// <summary>
/// Threads of its own for calls that may block on a disk, so that a slow disk never takes the thread pool that answers requests. They start
/// when needed, up to a limit, and end when idle; work beyond the limit waits in order.
/// </summary>
internal sealed class IoLane(string name, int maximum) : IDisposable
{
    private const int StackSize = 512 * 1024;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly Queue<Work> _queue = new();
    private int _threads;
    private int _idle;
    private bool _stopped;

    /// <summary>Runs work on one of the lane's threads. It is not begun once the token is cancelled, and not given up once it has begun.</summary>
    public Task<TResult> RunAsync<TState, TResult>(TState state, Func<TState, TResult> work, CancellationToken cancellationToken)
    {
        var item = new Work<TState, TResult>(state, work, cancellationToken);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);

            // The thread first: work that was queued and whose thread could not be started would run when its caller has given it up.
            if (_queue.Count >= _idle && _threads < maximum) StartThread();
            _queue.Enqueue(item);
            if (_idle > 0) Monitor.Pulse(_lock);
        }

        return item.Task;
    }

    /// <summary>Runs work that returns nothing.</summary>
    public Task RunAsync<TState>(TState state, Action<TState> work, CancellationToken cancellationToken) =>
        RunAsync((state, work), static item =>
        {
            item.work(item.state);
            return true;
        }, cancellationToken);

    /// <summary>Ends the threads once the queue is empty; takes nothing more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void StartThread()
    {
        var thread = new Thread(Loop, StackSize) { IsBackground = true, Name = $"berth-io-{name}" };
        try
        {
            thread.Start();
        }
        catch (OutOfMemoryException) when (_threads > 0)
        {
            // The machine gives no more threads; those that there are take it.
            return;
        }

        _threads++;
    }

    private void Loop()
    {
        while (Take() is { } work) work.Run();
    }

    private Work? Take()
    {
        lock (_lock)
        {
            while (true)
            {
                if (_queue.TryDequeue(out var work)) return work;
                if (_stopped) break;

                _idle++;
                var pulsed = Monitor.Wait(_lock, IdleLimit);
                _idle--;
                if (!pulsed && _queue.Count == 0) break;
            }

            _threads--;
            return null;
        }
    }

    private abstract class Work
    {
        public abstract void Run();
    }

    private sealed class Work<TState, TResult>(TState state, Func<TState, TResult> work, CancellationToken cancellationToken) : Work
    {
        // Whoever waits goes on in the thread pool: the lane's thread is free for the next call at once.
        private readonly TaskCompletionSource<TResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TResult> Task => _source.Task;

        public override void Run()
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _source.SetCanceled(cancellationToken);
                return;
            }

            TResult result;
            try
            {
                result = work(state);
            }
            catch (Exception e)
            {
                _source.SetException(e);
                return;
            }

            _source.SetResult(result);
        }
    }
}
