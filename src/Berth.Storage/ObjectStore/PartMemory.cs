using Berth.Storage.FileSystem;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// The memory of all uploads' parts, and its bound. Who fills a part has the memory for the whole of it before its first byte, so that each part that was begun can be
/// sent: uploads wait for each other, in the order they came, and never for good.
/// </summary>
internal sealed class PartMemory(long budget, TimeProvider time) : IDisposable
{
    // Small blobs, one after the other, would each have their memory mapped, its pages faulted in, and unmapped on all cores: some of it stays for the next even when nothing
    // is taken, 4 MiB beside the budget at most.
    private const int MostSmallIdle = 64;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly LinkedList<(int Size, TaskCompletionSource Granted)> _waiting = new();
    private readonly Stack<AlignedBlock> _idle = new();
    private readonly Stack<AlignedBlock> _idleSmall = new(MostSmallIdle);
    private long _taken;
    private bool _closed;

    /// <summary>The bytes in use.</summary>
    public long Taken
    {
        get
        {
            lock (_lock) return _taken;
        }
    }

    /// <summary>The bytes that rest for the next parts, which are not in use.</summary>
    public long Idle
    {
        get
        {
            lock (_lock) return ((long)_idle.Count * PartPlan.Smallest) + ((long)_idleSmall.Count * PartPlan.SmallBlob);
        }
    }

    /// <summary>Memory for a part, or null when there is none to spare at once.</summary>
    public PartBuffer? TryRent(int size)
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 || _taken + size > budget) return null;
            _taken += size;
        }

        return Map(size);
    }

    /// <summary>Memory for a part, when its turn comes.</summary>
    /// <exception cref="StorageUnavailableException">Other uploads keep it for too long.</exception>
    public async Task<PartBuffer> RentAsync(int size, CancellationToken cancellationToken)
    {
        LinkedListNode<(int Size, TaskCompletionSource Granted)> place;
        lock (_lock)
        {
            if (_waiting.Count == 0 && _taken + size <= budget)
            {
                _taken += size;
                return Map(size);
            }

            place = _waiting.AddLast((size, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await place.Value.Granted.Task.WaitAsync(LongestWait, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                // It may have been granted at the last moment.
                if (place.List is not null) _waiting.Remove(place);
                else _taken -= size;
                Grant();
            }

            if (e is OperationCanceledException) throw;
            throw new StorageUnavailableException("Too many uploads at once: there was no memory for another part within a minute.") { LeavesWhatStood = true };
        }

        return Map(size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            Drop(_idle);
            Drop(_idleSmall);
        }
    }

    internal void Return(AlignedBlock block, int size)
    {
        ObjectStoreMetrics.BufferBytes.Add(-size);
        lock (_lock)
        {
            if (size == PartPlan.Smallest) _idle.Push(block);
            else if (size == PartPlan.SmallBlob && _idleSmall.Count < MostSmallIdle && !_closed) _idleSmall.Push(block);
            else ((IDisposable)block).Dispose();
            _taken -= size;
            Grant();

            // What nobody uses goes back to the system.
            if (_taken == 0) Drop(_idle);
        }
    }

    private PartBuffer Map(int size)
    {
        ObjectStoreMetrics.BufferBytes.Add(size);
        lock (_lock)
        {
            if (Fitting(size) is { } fitting && fitting.TryPop(out var rested)) return new PartBuffer(this, rested, size);

            // Parts of another size have no use for what rests: it would come on top of them.
            while (_taken + ((long)_idle.Count * PartPlan.Smallest) > budget && _idle.TryPop(out var spare)) ((IDisposable)spare).Dispose();
        }

        if (AlignedBlock.TryMap(size) is { } block) return new PartBuffer(this, block, size);
        ObjectStoreMetrics.BufferBytes.Add(-size);
        lock (_lock)
        {
            _taken -= size;
            Grant();
        }

        throw new StorageUnavailableException("The system has no memory for another part of an upload.") { LeavesWhatStood = true };
    }

    private void Grant()
    {
        while (_waiting.First is { } first && _taken + first.Value.Size <= budget)
        {
            _taken += first.Value.Size;
            _waiting.RemoveFirst();
            first.Value.Granted.SetResult();
        }
    }

    private Stack<AlignedBlock>? Fitting(int size) => size switch
    {
        PartPlan.Smallest => _idle,
        PartPlan.SmallBlob => _idleSmall,
        _ => null,
    };

    private static void Drop(Stack<AlignedBlock> idle)
    {
        while (idle.TryPop(out var block)) ((IDisposable)block).Dispose();
    }
}
