using Berth.Storage.ObjectStore;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>The memory of parts: bounded, handed on in order, and closed to late readers.</summary>
public sealed class PartMemoryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Ten_thousand_parts_hold_more_than_two_hundred_gibibytes()
    {
        var whole = Enumerable.Range(1, PartPlan.Most).Sum(number => (long)PartPlan.SizeOf(number));
        Assert.InRange(whole, 250L << 30, 5L << 40);
        Assert.Equal(5 << 20, PartPlan.SizeOf(1));
        Assert.Equal(PartPlan.Largest, PartPlan.SizeOf(PartPlan.Most));
        Assert.Throws<StorageFullException>(() => PartPlan.SizeOf(PartPlan.Most + 1));
    }

    [Theory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(5, 5, 0, 6)]
    [InlineData(5, 5, 1, 14)]
    [InlineData(5, 7, 1, 16)]
    [InlineData(5, 7, 3, 30)]
    [InlineData(5, 5, -1, 6)]
    public void A_writer_leaves_out_the_numbers_that_those_before_it_may_yet_use(int own, int seen, long fenced, int first) =>
        Assert.Equal(first, PartPlan.FirstAfter(own, seen, fenced));

    [Fact]
    public async Task Who_comes_when_all_is_taken_waits_for_what_is_given_back()
    {
        using var memory = new PartMemory(2 * PartPlan.Smallest, TimeProvider.System);
        var first = await memory.RentAsync(PartPlan.Smallest, Cancelled);
        using var second = await memory.RentAsync(PartPlan.Smallest, Cancelled);
        Assert.Null(memory.TryRent(1));

        var third = memory.RentAsync(PartPlan.Smallest, Cancelled);
        var small = memory.RentAsync(1 << 16, Cancelled);
        Assert.False(third.IsCompleted);
        first.Dispose();
        using var granted = await third;
        Assert.False(small.IsCompleted, "it came later");
        Assert.Equal(2 * PartPlan.Smallest, memory.Taken);

        second.Dispose();
        using var last = await small;
    }

    [Fact]
    public async Task Small_parts_one_after_the_other_have_the_same_memory()
    {
        using var memory = new PartMemory(4 * PartPlan.Smallest, TimeProvider.System);
        (await memory.RentAsync(PartPlan.SmallBlob, Cancelled)).Dispose();
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal((0, PartPlan.SmallBlob), (memory.Taken, memory.Idle));
            using var part = await memory.RentAsync(PartPlan.SmallBlob, Cancelled);
            Assert.Equal((PartPlan.SmallBlob, 0), (memory.Taken, memory.Idle));
            Assert.Equal((0, PartPlan.SmallBlob), (part.Length, part.Room));
        }

        // Others come and go beside it.
        (await memory.RentAsync(2 * PartPlan.SmallBlob, Cancelled)).Dispose();
        (await memory.RentAsync(PartPlan.Smallest, Cancelled)).Dispose();
        Assert.Equal((0, PartPlan.SmallBlob), (memory.Taken, memory.Idle));
    }

    [Fact]
    public async Task No_more_than_sixty_four_small_parts_rest_and_they_count_against_nobody()
    {
        using var memory = new PartMemory(PartPlan.Smallest, TimeProvider.System);
        for (var round = 0; round < 2; round++)
        {
            var parts = Enumerable.Range(0, PartPlan.Smallest / PartPlan.SmallBlob).Select(_ => memory.TryRent(PartPlan.SmallBlob)!).ToList();
            Assert.Equal((PartPlan.Smallest, 0), (memory.Taken, memory.Idle));
            Assert.Null(memory.TryRent(PartPlan.SmallBlob));

            var waiting = memory.RentAsync(PartPlan.SmallBlob, Cancelled);
            Assert.False(waiting.IsCompleted);
            foreach (var part in parts) part.Dispose();
            (await waiting).Dispose();
            Assert.Equal((0, 64 * PartPlan.SmallBlob), (memory.Taken, memory.Idle));
        }

        using (await memory.RentAsync(PartPlan.Smallest, Cancelled)) Assert.Null(memory.TryRent(PartPlan.SmallBlob));
        Assert.Equal((0, 64 * PartPlan.SmallBlob), (memory.Taken, memory.Idle));
    }

    [Fact]
    public void What_rests_makes_room_for_parts_of_another_size()
    {
        const long Budget = 64L * PartPlan.Smallest;
        using var memory = new PartMemory(Budget, TimeProvider.System);
        var parts = Enumerable.Range(0, 64).Select(_ => memory.TryRent(PartPlan.Smallest)!).ToList();
        foreach (var part in parts[1..]) part.Dispose();
        Assert.Equal((PartPlan.Smallest, 63L * PartPlan.Smallest), (memory.Taken, memory.Idle));

        var others = new List<PartBuffer>();
        while (memory.TryRent(3 << 20) is { } other)
        {
            others.Add(other);
            Assert.InRange(memory.Taken + memory.Idle, 0, Budget);
        }

        Assert.Equal(63 * 5 / 3, others.Count);
        foreach (var other in others) other.Dispose();
        parts[0].Dispose();
        Assert.Equal((0, 0), (memory.Taken, memory.Idle));
    }

    [Fact]
    public async Task Nothing_rests_once_the_store_is_closed()
    {
        var memory = new PartMemory(PartPlan.Smallest, TimeProvider.System);
        (await memory.RentAsync(PartPlan.SmallBlob, Cancelled)).Dispose();
        var late = await memory.RentAsync(PartPlan.SmallBlob, Cancelled);
        var other = await memory.RentAsync(PartPlan.SmallBlob, Cancelled);
        other.Dispose();
        memory.Dispose();
        Assert.Equal(0, memory.Idle);
        late.Dispose();
        Assert.Equal((0, 0), (memory.Taken, memory.Idle));
    }

    [Fact]
    public async Task A_wait_that_is_given_up_takes_nothing()
    {
        using var memory = new PartMemory(PartPlan.Smallest, TimeProvider.System);
        var first = await memory.RentAsync(PartPlan.Smallest, Cancelled);
        using var given = new CancellationTokenSource();
        var waiting = memory.RentAsync(PartPlan.Smallest, given.Token);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        first.Dispose();
        Assert.Equal(0, memory.Taken);
        (await memory.RentAsync(PartPlan.Smallest, Cancelled)).Dispose();
    }

    [Fact]
    public async Task A_request_that_still_reads_a_part_when_its_memory_is_anothers_fails()
    {
        using var memory = new PartMemory(PartPlan.Smallest, TimeProvider.System);
        var part = await memory.RentAsync(PartPlan.Smallest, Cancelled);
        part.Append("mine"u8);
        await using var late = part.Open("head:"u8.ToArray());
        Assert.Equal(9, late.Length);
        var read = new byte[9];
        late.ReadExactly(read);
        Assert.Equal("head:mine"u8.ToArray(), read);

        part.Dispose();
        using var others = await memory.RentAsync(PartPlan.Smallest, Cancelled);
        others.Append("theirs"u8);
        late.Position = 5;
        Assert.Throws<ObjectDisposedException>(() => late.Read(read));
    }
}
