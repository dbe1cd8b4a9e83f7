using Berth.Server.Memory;

namespace Berth.Server.Tests.Memory;

public sealed class LargeBlockMemoryPoolTests
{
    private const int Size = 8192;

    [Fact]
    public void Every_block_has_the_full_size_whatever_was_asked_for()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        Assert.Equal(Size, pool.MaxBufferSize);
        foreach (var asked in new[] { -1, 0, 1, 4096, Size })
        {
            using var block = pool.Rent(asked);
            Assert.Equal(Size, block.Memory.Length);
        }
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(Size + 1));
    }

    [Fact]
    public void A_returned_block_is_used_again_and_its_memory_is_out_of_reach_meanwhile()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        var first = pool.Rent();
        first.Memory.Span[7] = 42;
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Memory);
        using var second = pool.Rent();
        Assert.Equal(42, second.Memory.Span[7]);
    }

    [Fact]
    public void A_block_returned_twice_gets_one_owner()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        Assert.Equal(1, pool.IdleBlocks);
        using var a = pool.Rent();
        using var b = pool.Rent();
        Assert.False(a.Memory.Span.Overlaps(b.Memory.Span));
    }

    [Fact]
    public void A_trim_drops_what_nobody_needed_since_the_last_one()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        var blocks = Enumerable.Range(0, 10).Select(_ => pool.Rent()).ToArray();
        foreach (var block in blocks)
            block.Dispose();
        pool.Trim();
        Assert.Equal(10, pool.IdleBlocks);

        // Three at once are in use in the next period: seven rest.
        var few = Enumerable.Range(0, 3).Select(_ => pool.Rent()).ToArray();
        foreach (var block in few)
            block.Dispose();
        Assert.Equal(7, pool.Trim());
        Assert.Equal(3, pool.IdleBlocks);
        Assert.Equal(3, pool.Trim());
        Assert.Equal(0, pool.Trim());
    }

    [Fact]
    public void Blocks_of_many_threads_never_overlap()
    {
        using var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                using var block = pool.Rent();
                var span = block.Memory.Span;
                span[..64].Fill((byte)thread);
                Thread.SpinWait(20);
                Assert.Equal(-1, span[..64].IndexOfAnyExcept((byte)thread));
                if (i % 100 == 0)
                    pool.Trim();
            }
        });
        Assert.InRange(pool.IdleBlocks, 0, 8);
    }

    [Fact]
    public void Whoever_comes_after_the_large_blocks_are_in_use_gets_a_small_one_unless_it_asks_for_more()
    {
        const int Large = 4 * LargeBlockMemoryPool.SmallSize;
        using var pool = new LargeBlockMemoryPool(Large, largeBlocks: 2);
        var first = pool.Rent();
        using var second = pool.Rent(4096);
        using (var third = pool.Rent(LargeBlockMemoryPool.SmallSize)) Assert.Equal(LargeBlockMemoryPool.SmallSize, third.Memory.Length);
        using (var asking = pool.Rent(LargeBlockMemoryPool.SmallSize + 1)) Assert.Equal(Large, asking.Memory.Length);

        first.Dispose();
        using var fourth = pool.Rent();
        Assert.Equal(Large, fourth.Memory.Length);
        Assert.Equal(2, pool.IdleBlocks);
        pool.Trim();
        Assert.Equal(2, pool.Trim());
    }

    [Fact]
    public void After_the_pool_is_disposed_nothing_is_rented_and_returns_are_dropped()
    {
        var pool = new LargeBlockMemoryPool(Size, int.MaxValue);
        var block = pool.Rent();
        pool.Dispose();
        block.Dispose();
        Assert.Equal(0, pool.IdleBlocks);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
    }
}
