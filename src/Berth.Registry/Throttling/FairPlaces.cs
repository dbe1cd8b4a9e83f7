namespace Berth.Registry.Throttling;

/// <summary>
/// A number of places that registries share. Whoever finds none waits, and a place that comes free goes to the registry that has the fewest: one that asks for ten times as
/// much as another waits by itself. No registry takes the last places: there is one at once for a registry that has none.
/// </summary>
/// <param name="most">How many places there are.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class FairPlaces(int most, TimeProvider time)
{
    // A registry may have so many times what it leaves free: alone it has four fifths.
    private const int Greed = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Holder> _registries = [];
    private int _taken;
    private int _waiting;
    private long _grants;

    private int Free => most - _taken;

    /// <summary>Places that are taken.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Requests that wait for one.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Whether a registry would get a place at once.</summary>
    public bool HasPlaceFor(long registryId)
    {
        lock (_lock) return _registries.TryGetValue(registryId, out var holder) ? holder.Waiting.Count == 0 && MayTake(holder) : Free > 0;
    }

    /// <summary>Takes a place, which <see cref="GiveBack"/> gives back; false when there was none for too long.</summary>
    /// <param name="registryId">The registry that it is for.</param>
    /// <param name="patience">How long it is waited for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<bool> TakeAsync(long registryId, TimeSpan patience, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> place;
        Holder holder;
        lock (_lock)
        {
            if (!_registries.TryGetValue(registryId, out holder!)) _registries[registryId] = holder = new Holder();
            if (holder.Waiting.Count == 0 && MayTake(holder))
            {
                Grant(holder);
                return ValueTask.FromResult(true);
            }

            place = holder.Waiting.AddLast(new Waiter());
            _waiting++;
        }

        return WaitAsync(registryId, holder, place, patience, cancellationToken);
    }

    /// <summary>Gives a place back; whoever waits has it next.</summary>
    public void GiveBack(long registryId)
    {
        lock (_lock)
        {
            var holder = _registries[registryId];
            holder.Held--;
            _taken--;
            Forget(registryId, holder);
            while (NextInLine() is { } next)
            {
                var waiter = next.Waiting.First!.Value;
                next.Waiting.RemoveFirst();
                _waiting--;
                Grant(next);

                // Behind the requests that have come meanwhile, so that they, too, are seen to: a thread takes its own work first.
                waiter.IsGranted = true;
                ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
            }
        }
    }

    private async ValueTask<bool> WaitAsync(long registryId, Holder holder, LinkedListNode<Waiter> place, TimeSpan patience, CancellationToken cancellationToken)
    {
        var granted = place.Value.Granted;
        try
        {
            await granted.WaitAsync(patience, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (!place.Value.IsGranted)
                {
                    holder.Waiting.Remove(place);
                    _waiting--;
                    Forget(registryId, holder);
                    if (e is TimeoutException) return false;
                    throw;
                }
            }

            // It was granted at the same moment.
            if (e is TimeoutException) return true;
            GiveBack(registryId);
            throw;
        }
    }

    // With so few places that a part of them is less than one, all may be taken.
    private bool MayTake(Holder holder) => Free > 0 && (holder.Held < Greed * Free || holder.Held == 0);

    private void Grant(Holder holder)
    {
        holder.Held++;
        holder.GrantedLast = ++_grants;
        _taken++;
    }

    private Holder? NextInLine()
    {
        Holder? next = null;
        foreach (var holder in _registries.Values)
        {
            if (holder.Waiting.Count == 0) continue;
            if (next is null || holder.Held < next.Held || (holder.Held == next.Held && holder.GrantedLast < next.GrantedLast)) next = holder;
        }

        return next is not null && MayTake(next) ? next : null;
    }

    private void Forget(long registryId, Holder holder)
    {
        if (holder.Held == 0 && holder.Waiting.Count == 0) _registries.Remove(registryId);
    }

    private sealed class Holder
    {
        public int Held { get; set; }

        public long GrantedLast { get; set; }

        public LinkedList<Waiter> Waiting { get; } = [];
    }

    private sealed class Waiter : IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource _granted = new();

        public bool IsGranted { get; set; }

        public Task Granted => _granted.Task;

        public void Execute() => _granted.SetResult();
    }
}
