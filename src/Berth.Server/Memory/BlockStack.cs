using System.Collections.Concurrent;

namespace Berth.Server.Memory;

/// <summary>Blocks that rest, last in, first out; it knows how many nobody needed.</summary>
internal sealed class BlockStack<T>
{
    private readonly ConcurrentStack<T> _idle = new();
    private int _count;
    private int _least;

    /// <summary>How many rest now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes the one that came last; false when none rests.</summary>
    public bool TryPop([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T block)
    {
        if (!_idle.TryPop(out block)) return false;
        var idle = Interlocked.Decrement(ref _count);
        if (idle < Volatile.Read(ref _least)) Volatile.Write(ref _least, Math.Max(idle, 0));
        return true;
    }

    /// <summary>Lays one down.</summary>
    public void Push(T block)
    {
        _idle.Push(block);
        Interlocked.Increment(ref _count);
    }

    /// <summary>Drops those that nobody needed since the last call; returns how many.</summary>
    public int Trim()
    {
        var unneeded = Volatile.Read(ref _least);
        var dropped = 0;
        while (dropped < unneeded && _idle.TryPop(out _))
        {
            Interlocked.Decrement(ref _count);
            dropped++;
        }

        Volatile.Write(ref _least, Math.Max(Count, 0));
        return dropped;
    }

    /// <summary>Drops all.</summary>
    public void Clear() => _idle.Clear();
}
