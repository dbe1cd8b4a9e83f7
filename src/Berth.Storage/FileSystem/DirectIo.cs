using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>
/// When appends go past the page cache, and how many at once. Large pushes do: copying them into the cache costs as much processor time as
/// hashing them, the kernel then holds the writer back in bursts, and what others pull is pushed out of the cache. Their memory is what bounds them.
/// </summary>
/// <param name="after">Bytes that a writer appends through the cache first: small blobs never leave it.</param>
/// <param name="blockSize">The size of one write; a multiple of <see cref="Alignment"/>.</param>
/// <param name="blocks">Blocks of a writer: one is filled while the others are written.</param>
/// <param name="writers">The most writers that do so at once; others use the cache.</param>
/// <param name="syncEvery">How many bytes a writer makes durable at a time, beside its writes: what is left for the sync at the end does not grow with the blob.</param>
internal sealed class DirectIo(long after, int blockSize, int blocks, int writers, long syncEvery) : IDisposable
{
    /// <summary>Offsets, lengths and memory are multiples of this: the logical block of any disk in use, and the page.</summary>
    public const int Alignment = 4096;

    private int _free = writers;

    public long After => after;

    public int BlockSize => blockSize;

    public long SyncEvery => syncEvery;

    /// <summary>Where blocks are written and synced: apart from what others wait for, such as an fsync, when the disk is slow.</summary>
    public IoLane Lane { get; } = new("direct", (blocks + 1) * writers);

    /// <summary>What a store uses: 8 writers with 8 MiB each.</summary>
    public static DirectIo Default() => new(after: 8 << 20, blockSize: 2 << 20, blocks: 4, writers: 8, syncEvery: 32 << 20);

    /// <summary>Takes a writer's place; false when all are taken.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Decrement(ref _free) >= 0) return true;
        Interlocked.Increment(ref _free);
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Increment(ref _free);

    /// <summary>Memory for one writer, or null when there is none.</summary>
    public IReadOnlyList<AlignedBlock>? TryMap()
    {
        var memory = new List<AlignedBlock>(blocks);
        while (memory.Count < blocks)
        {
            if (AlignedBlock.TryMap(blockSize) is { } block)
            {
                memory.Add(block);
                continue;
            }

            foreach (IDisposable mapped in memory) mapped.Dispose();
            return null;
        }

        return memory;
    }

    /// <inheritdoc/>
    public void Dispose() => Lane.Dispose();
}
