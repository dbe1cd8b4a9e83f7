using System.Buffers;
using Berth.Server.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Berth.Server.Memory;

/// <summary>Gives every listener the same pool of large blocks, and lets it shrink while they rest.</summary>
internal sealed class LargeBlockPoolFactory(MemoryOptions options, TimeProvider time) : BackgroundService, IMemoryPoolFactory<byte>
{
    private readonly LargeBlockMemoryPool _blocks = new(options.BlockSize, MemoryBudget.LargeBlocks(options.BlockSize));

    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? poolOptions = null) => new SharedPool(_blocks);

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _blocks.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.TrimAfter, time);
        var pending = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (_blocks.Trim() > 0)
            {
                pending = true;
                continue;
            }

            // An idle process runs no collection by itself, and what was dropped would stay resident.
            if (!pending)
                continue;
            pending = false;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    // A listener disposes the pool it was given; the blocks stay the others'.
    private sealed class SharedPool(LargeBlockMemoryPool blocks) : MemoryPool<byte>
    {
        public override int MaxBufferSize => blocks.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => blocks.Rent(minBufferSize);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
