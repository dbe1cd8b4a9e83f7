using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Makes the entries of one directory durable. Callers at the same time share one fsync, but only one that begins after they asked: an
/// earlier one may not have seen their entry.
/// </summary>
internal sealed class DirectorySync(IFileOperations files, IoLane lane, string directory)
{
    private readonly Lock _lock = new();
    private Round? _running;
    private Round? _next;
    private int _failures;

    /// <summary>How often the fsync of this directory failed. An entry made before a failure may be lost whatever a later fsync says.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>Completes when an fsync that began after this call has succeeded; fails with it, or with the one it waited for.</summary>
    public Task SyncAsync()
    {
        Round round;
        lock (_lock)
        {
            if (_running is { Begun: false } queued) return queued.Task;
            if (_running is not null) return (_next ??= new Round()).Task;
            round = _running = new Round();
        }

        _ = RunAsync(round);
        return round.Task;
    }

    private async Task RunAsync(Round round)
    {
        for (Round? current = round; current is not null;)
        {
            Exception? failure = null;
            try
            {
                await lane.RunAsync((this, current), static work => work.Item1.Sync(work.current), CancellationToken.None);
            }
            catch (Exception e)
            {
                failure = e;
            }

            Round? next;
            lock (_lock)
            {
                next = _next;
                _next = null;
                _running = failure is null ? next : null;
                if (failure is not null) _failures++;
            }

            current.Complete(failure);
            if (failure is not null)
            {
                // Those who waited for the next one had their entries in the failed one: trying again would only hide it.
                next?.Complete(failure);
                return;
            }

            current = next;
        }
    }

    private void Sync(Round round)
    {
        lock (_lock) round.Begun = true;
        files.SyncDirectory(directory);
    }

    private sealed class Round
    {
        private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Begun { get; set; }

        public Task Task => _source.Task;

        public void Complete(Exception? failure)
        {
            if (failure is null) _source.SetResult();
            else _source.SetException(failure);
        }
    }
}
