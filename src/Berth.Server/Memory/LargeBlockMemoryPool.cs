using System.Buffers;

namespace Berth.Server.Memory;

/// <summary>
/// Blocks for sockets, of one large size: a receive fills as much as the kernel has, where the framework's own 4 KiB blocks make a large
/// upload cost several times the CPU. So many of them may be in use at once; whoever comes after that gets small ones, so that clients who begin
/// requests and do not go on hold little each. Blocks are pinned once, reused last in, first out, and given back to the collector when they rest.
/// </summary>
/// <param name="blockSize">The size of a large block in bytes; nobody may ask for more.</param>
/// <param name="largeBlocks">How many large blocks may be in use before small ones are handed out.</param>
internal sealed class LargeBlockMemoryPool(int blockSize, int largeBlocks) : MemoryPool<byte>
{
    /// <summary>The size of a small block in bytes. Who asks for no more may get one.</summary>
    public const int SmallSize = 16 * 1024;

    private readonly BlockStack<Block> _large = new();
    private readonly BlockStack<Block> _small = new();
    private int _largeInUse;
    private bool _disposed;

    /// <inheritdoc/>
    public override int MaxBufferSize => blockSize;

    /// <summary>Blocks that nobody uses now.</summary>
    public int IdleBlocks => _large.Count + _small.Count;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, blockSize);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        var isSmall = minBufferSize <= SmallSize && blockSize > SmallSize && Volatile.Read(ref _largeInUse) >= largeBlocks;
        if (!isSmall) Interlocked.Increment(ref _largeInUse);
        if (!(isSmall ? _small : _large).TryPop(out var block)) return new Block(this, isSmall);
        block.Take();
        return block;
    }

    /// <summary>Drops the blocks that nobody needed since the last call; returns how many.</summary>
    public int Trim() => _large.Trim() + _small.Trim();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Volatile.Write(ref _disposed, true);
        _large.Clear();
        _small.Clear();
    }

    private void Return(Block block, bool isSmall)
    {
        if (!isSmall) Interlocked.Decrement(ref _largeInUse);
        if (!Volatile.Read(ref _disposed)) (isSmall ? _small : _large).Push(block);
    }

    private sealed class Block(LargeBlockMemoryPool pool, bool isSmall) : IMemoryOwner<byte>
    {
        private readonly Memory<byte> _memory = GC.AllocateUninitializedArray<byte>(isSmall ? SmallSize : pool.MaxBufferSize, pinned: true);
        private int _rented = 1;

        public void Take() => Volatile.Write(ref _rented, 1);

        public Memory<byte> Memory => Volatile.Read(ref _rented) == 1 ? _memory : throw new ObjectDisposedException(nameof(Block));

        // A block returned twice would have two owners later.
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _rented, 0) == 1) pool.Return(this, isSmall);
        }
    }
}
