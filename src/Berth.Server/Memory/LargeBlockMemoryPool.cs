using System.Buffers;
using System.Collections.Concurrent;

namespace Berth.Server.Memory;

/// <summary>
/// Blocks for sockets, all of one large size: a receive fills as much as the kernel has, where the framework's own 4 KiB blocks make a large
/// upload cost several times the CPU. Blocks are pinned once, reused last in, first out, and given back to the collector when they rest.
/// </summary>
internal sealed class LargeBlockMemoryPool(int blockSize) : MemoryPool<byte>
{
    private readonly ConcurrentStack<Block> _idle = new();
    private int _idleCount;
    private int _leastIdle;
    private bool _disposed;

    /// <inheritdoc/>
    public override int MaxBufferSize => blockSize;

    /// <summary>Blocks that nobody uses now.</summary>
    public int IdleBlocks => Volatile.Read(ref _idleCount);

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, blockSize);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        if (!_idle.TryPop(out var block))
            return new Block(this);
        var idle = Interlocked.Decrement(ref _idleCount);
        if (idle < Volatile.Read(ref _leastIdle))
            Volatile.Write(ref _leastIdle, Math.Max(idle, 0));
        block.Take();
        return block;
    }

    /// <summary>Drops the blocks that nobody needed since the last call; returns how many.</summary>
    public int Trim()
    {
        var unneeded = Volatile.Read(ref _leastIdle);
        var dropped = 0;
        while (dropped < unneeded && _idle.TryPop(out _))
        {
            Interlocked.Decrement(ref _idleCount);
            dropped++;
        }

        Volatile.Write(ref _leastIdle, Math.Max(Volatile.Read(ref _idleCount), 0));
        return dropped;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Volatile.Write(ref _disposed, true);
        _idle.Clear();
    }

    private void Return(Block block)
    {
        if (Volatile.Read(ref _disposed))
            return;
        _idle.Push(block);
        Interlocked.Increment(ref _idleCount);
    }

    private sealed class Block : IMemoryOwner<byte>
    {
        private readonly LargeBlockMemoryPool _pool;
        private readonly Memory<byte> _memory;
        private int _rented = 1;

        public Block(LargeBlockMemoryPool pool)
        {
            _pool = pool;
            _memory = GC.AllocateUninitializedArray<byte>(pool.MaxBufferSize, pinned: true);
        }

        public void Take() => Volatile.Write(ref _rented, 1);

        public Memory<byte> Memory => Volatile.Read(ref _rented) == 1 ? _memory : throw new ObjectDisposedException(nameof(Block));

        // A block returned twice would have two owners later.
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _rented, 0) == 1)
                _pool.Return(this);
        }
    }
}
