namespace Berth.Testing.Histories;

/// <summary>
/// Says whether a history of one register is linearizable: whether there is one order of its calls, each at some time between its call and its return, in which every answer is right. The search
/// is Wing and Gong's with Lowe's memory: it takes calls that have begun before the earliest return of those that are left, remembers each set of calls with the content that they led to, and
/// takes back the last one where it cannot go on.
/// </summary>
public sealed class RegisterChecker
{
    private readonly RegisterCall[] _calls;
    private readonly Event _head = new(-1, isReturn: false);
    private readonly HashSet<Reached> _reached = [];
    private readonly Stack<(Event Call, string? Held)> _taken = [];
    private readonly ulong[] _set;
    private readonly int _mostReached;
    private List<int> _longest = [];
    private RegisterCall? _stuck;

    private RegisterChecker(IEnumerable<RegisterCall> calls, int mostReached)
    {
        _calls = [.. calls.OrderBy(call => call.Called)];
        _set = new ulong[(_calls.Length + 63) / 64];
        _mostReached = mostReached;
        Link();
    }

    /// <summary>Looks for an order; null when there is one, else a text that says where the search came to its end.</summary>
    /// <param name="calls">The history, in any order. Reads that nobody knows the answer of say nothing and must not be in it.</param>
    /// <param name="initial">What the register holds before.</param>
    /// <param name="mostReached">How many sets of calls are looked at before it gives up.</param>
    /// <exception cref="InvalidOperationException">It gave up.</exception>
    public static string? FindFault(IEnumerable<RegisterCall> calls, string? initial = null, int mostReached = 2_000_000)
    {
        var checker = new RegisterChecker(calls, mostReached);
        return checker.Search(initial) ? null : checker.Describe(initial);
    }

    private bool Search(string? held)
    {
        var left = _calls.Count(call => call.Returned is not null);
        var at = _head.Next;
        while (left > 0)
        {
            // What nobody knows the end of has no return: while others are left there is one before the list's end.
            if (!at!.IsReturn)
            {
                var call = _calls[at.Index];
                if (call.TryApply(held, out var next) && Remember(at.Index, next))
                {
                    _taken.Push((at, held));
                    held = next;
                    if (call.Returned is not null) left--;
                    at.Lift();
                    at = _head.Next;
                    continue;
                }

                at = at.Next;
                continue;
            }

            if (_stuck is null || _taken.Count > _longest.Count)
            {
                _longest = [.. _taken.Reverse().Select(taken => taken.Call.Index)];
                _stuck = _calls[at.Index];
            }

            if (_taken.Count == 0) return false;
            (at, held) = _taken.Pop();
            _set[at.Index / 64] &= ~(1UL << (at.Index % 64));
            if (_calls[at.Index].Returned is not null) left++;
            at.PutBack();
            at = at.Next;
        }

        return true;
    }

    private bool Remember(int index, string? next)
    {
        _set[index / 64] |= 1UL << (index % 64);
        if (_reached.Count >= _mostReached) throw new InvalidOperationException($"The history is too wide to say: {_mostReached} sets of calls were looked at.");
        if (_reached.Add(new Reached([.. _set], next))) return true;
        _set[index / 64] &= ~(1UL << (index % 64));
        return false;
    }

    private string Describe(string? initial)
    {
        var held = initial;
        foreach (var index in _longest) _calls[index].TryApply(held, out held);
        var near = _calls.Where(call => call.Returned is not null && call.Called <= _stuck!.Returned && call.Returned >= _stuck.Called && !_longest.Contains(Array.IndexOf(_calls, call)));
        return $"""
            No order explains the history. The longest that was found has {_longest.Count} of {_calls.Length} calls and ends with
              {string.Join("\n  ", _longest.TakeLast(8).Select(index => _calls[index].ToString()))}
            so that the register holds {held ?? "nothing"}; next must come one of
              {string.Join("\n  ", near.Take(12))}
            """;
    }

    // Calls and returns in the order of time; at one time calls come first, so that calls that touch count as beside each other.
    private void Link()
    {
        var events = new List<(long Time, Event Event)>();
        for (var i = 0; i < _calls.Length; i++)
        {
            var call = new Event(i, isReturn: false);
            events.Add((_calls[i].Called, call));
            if (_calls[i].Returned is not { } end) continue;
            call.Return = new Event(i, isReturn: true);
            events.Add((end, call.Return));
        }

        var last = _head;
        foreach (var (_, next) in events.OrderBy(e => e.Time).ThenBy(e => e.Event.IsReturn))
        {
            (last.Next, next.Previous) = (next, last);
            last = next;
        }
    }

    /// <summary>A call or a return in the list of those that are left.</summary>
    private sealed class Event(int index, bool isReturn)
    {
        public int Index => index;

        public bool IsReturn => isReturn;

        public Event? Return { get; set; }

        public Event? Next { get; set; }

        public Event? Previous { get; set; }

        /// <summary>Takes a call and its return out of the list.</summary>
        public void Lift()
        {
            Unlink();
            Return?.Unlink();
        }

        /// <summary>Puts them back where they were: the last that was lifted first.</summary>
        public void PutBack()
        {
            Return?.Link();
            Link();
        }

        private void Unlink()
        {
            Previous!.Next = Next;
            Next?.Previous = Previous;
        }

        private void Link()
        {
            Previous!.Next = this;
            Next?.Previous = this;
        }
    }

    /// <summary>A set of calls that have happened, and what the register holds then.</summary>
    private sealed class Reached(ulong[] set, string? held) : IEquatable<Reached>
    {
        private readonly ulong[] _set = set;
        private readonly string? _held = held;

        public bool Equals(Reached? other) => other is not null && _held == other._held && _set.AsSpan().SequenceEqual(other._set);

        public override bool Equals(object? obj) => Equals(obj as Reached);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach (var part in _set) hash.Add(part);
            hash.Add(_held, StringComparer.Ordinal);
            return hash.ToHashCode();
        }
    }
}
