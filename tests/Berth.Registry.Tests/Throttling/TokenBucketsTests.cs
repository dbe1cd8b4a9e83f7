using System.Net;
using Berth.Registry.Throttling;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>Buckets of tokens, by a clock that the test moves.</summary>
public sealed class TokenBucketsTests
{
    private static readonly LimitKey Key = new(LimitClass.Read, 1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_bucket_holds_a_minutes_worth_and_fills_evenly()
    {
        var buckets = Of(100);
        Assert.Equal(120, TakeAll(buckets, 120));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(20, TakeAll(buckets, 120));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(120, TakeAll(buckets, 120));
    }

    [Fact]
    public void The_wait_is_the_time_until_there_is_a_token_and_counts_down()
    {
        var buckets = Of(100);
        TakeAll(buckets, 2);
        Assert.Equal(30, buckets.Take(Key, 2).Wait.TotalSeconds, 3);
        _time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(9, buckets.Look(Key, 60).TotalSeconds, 3);
        var wait = buckets.Take(Key, 2).Wait;
        Assert.Equal(9, wait.TotalSeconds, 3);
        _time.Advance(wait);
        Assert.Equal(TimeSpan.Zero, buckets.Look(Key, 60));
        Assert.Equal(TimeSpan.Zero, buckets.Take(Key, 2).Wait);
        Assert.NotEqual(TimeSpan.Zero, buckets.Take(Key, 2).Wait);
    }

    [Fact]
    public void A_limit_below_one_a_minute_still_gives_one()
    {
        var buckets = new TokenBuckets(new FixedShare(0.25), _time, 100);
        Assert.Equal(TimeSpan.Zero, buckets.Take(Key, 1).Wait);
        Assert.Equal(240, buckets.Take(Key, 1).Wait.TotalSeconds, 3);
    }

    [Fact]
    public async Task Many_at_once_get_what_there_is_and_not_one_more()
    {
        var buckets = Of(100);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => TakeAll(buckets, 10_000, tries: 5_000))));
        Assert.Equal(10_000, taken.Sum());
    }

    [Fact]
    public void What_is_full_again_is_forgotten()
    {
        var buckets = Of(100_000);
        for (var caller = 1; caller <= 1_000; caller++) buckets.Take(Key with { PrincipalId = caller }, 60);
        Assert.Equal(1_000, buckets.Count);
        _time.Advance(TimeSpan.FromMinutes(2));
        buckets.Take(Key, 60);
        Assert.Equal(1, buckets.Count);
    }

    [Fact]
    public void Invented_callers_fill_neither_the_memory_nor_take_from_those_who_are_known()
    {
        var buckets = Of(100);
        Assert.Equal(5, TakeAll(buckets, 10, tries: 5));
        var granted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var source = new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]);
            if (buckets.Take(new LimitKey(LimitClass.Read, 1, 0, source), 10).Wait == TimeSpan.Zero) granted++;
        }

        // Those before the room was full, and what the others have together.
        Assert.Equal(99 + 10, granted);
        Assert.Equal(101, buckets.Count);
        Assert.Equal(5, TakeAll(buckets, 10));
    }

    [Fact]
    public void A_share_that_moves_from_one_process_to_another_is_not_given_out_twice()
    {
        var (first, second) = (new MovingShare { Part = 0.9 }, new MovingShare { Part = 0.1 });
        var (busy, idle) = (new TokenBuckets(first, _time, 100), new TokenBuckets(second, _time, 100));
        Assert.Equal(900, TakeAll(busy, 1_000));
        Assert.Equal(TimeSpan.Zero, idle.Take(Key, 1_000).Wait);
        (first.Part, second.Part) = (0.1, 0.9);
        Assert.Equal(99, TakeAll(idle, 1_000));
        Assert.Equal(0, TakeAll(busy, 1_000));
    }

    private TokenBuckets Of(int most) => new(new WholeShare(), _time, most);

    private static int TakeAll(TokenBuckets buckets, int perMinute, int tries = 100_000)
    {
        for (var taken = 0; taken < tries; taken++)
        {
            if (buckets.Take(Key, perMinute).Wait > TimeSpan.Zero) return taken;
        }

        return tries;
    }

    private sealed class FixedShare(double part) : INodeShare
    {
        public double Of(in LimitKey key, int perMinute) => part;
    }

    private sealed class MovingShare : INodeShare
    {
        public double Part { get; set; }

        public double Of(in LimitKey key, int perMinute) => Part;
    }
}
