using Berth.Registry.Throttling;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>Places that registries share.</summary>
public sealed class FairPlacesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task One_alone_has_four_fifths_and_another_finds_a_place_at_once()
    {
        var places = new FairPlaces(100, _time);
        var first = Fill(places, 1, 100);
        Assert.Equal(80, first.Count(IsGranted));
        var second = Fill(places, 2, 100);
        Assert.Equal(16, second.Count(IsGranted));
        Assert.True(IsGranted(Fill(places, 3, 1)[0]));
        Assert.Equal((97, 104), (places.Taken, places.Waiting));

        // What comes free goes to who has fewest, and a part of it stays free for who may come.
        for (var i = 0; i < 32; i++) places.GiveBack(1);
        await EventuallyAsync(() => second.Count(IsGranted) == 41);
        Assert.Equal(48 + 41 + 1, places.Taken);
        Assert.Equal(80, first.Count(IsGranted));
        Assert.True(places.HasPlaceFor(4));
        Assert.False(places.HasPlaceFor(1));
    }

    [Fact]
    public async Task Those_who_wait_have_their_turn_in_the_order_they_came_and_the_registries_one_after_another()
    {
        var places = new FairPlaces(1, _time);
        Assert.True(IsGranted(Fill(places, 1, 1)[0]));
        var first = Fill(places, 1, 3);
        var second = Fill(places, 2, 1);
        places.GiveBack(1);
        await EventuallyAsync(() => IsGranted(second[0]));
        Assert.DoesNotContain(first, IsGranted);
        places.GiveBack(2);
        await EventuallyAsync(() => IsGranted(first[0]));
        Assert.Equal((false, false), (IsGranted(first[1]), IsGranted(first[2])));
        places.GiveBack(1);
        await EventuallyAsync(() => IsGranted(first[1]));
    }

    [Fact]
    public async Task Whoever_waits_too_long_or_goes_away_leaves_nothing_behind()
    {
        var places = new FairPlaces(1, _time);
        Fill(places, 1, 1);
        var waiting = Fill(places, 1, 1)[0];
        using var end = new CancellationTokenSource();
        var leaving = places.TakeAsync(2, Patience, end.Token).AsTask();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.False(await places.TakeAsync(3, TimeSpan.Zero, CancellationToken.None));
        _time.Advance(Patience);
        Assert.False(await waiting);
        Assert.Equal((1, 0), (places.Taken, places.Waiting));
        places.GiveBack(1);
        Assert.Equal(0, places.Taken);
        Assert.True(await places.TakeAsync(2, Patience, CancellationToken.None));
    }

    [Fact]
    public async Task However_many_come_and_go_no_place_is_lost_or_given_twice()
    {
        var places = new FairPlaces(7, TimeProvider.System);
        var inside = 0;
        var most = 0;
        await Task.WhenAll(Enumerable.Range(0, 60).Select(caller => Task.Run(async () =>
        {
            var chance = new Random(caller);
            for (var i = 0; i < 200; i++)
            {
                using var end = new CancellationTokenSource(TimeSpan.FromMilliseconds(chance.Next(1, 20)));
                try
                {
                    if (!await places.TakeAsync(caller % 5, TimeSpan.FromMilliseconds(chance.Next(0, 10)), end.Token)) continue;
                    var now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    if (chance.Next(4) == 0) await Task.Yield();
                    Interlocked.Decrement(ref inside);
                    places.GiveBack(caller % 5);
                }
                catch (OperationCanceledException)
                {
                    // It went away while it waited.
                }
            }
        })));
        Assert.InRange(most, 1, 7);
        Assert.Equal((0, 0), (places.Taken, places.Waiting));
    }

    private static List<Task<bool>> Fill(FairPlaces places, long registry, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => places.TakeAsync(registry, Patience, CancellationToken.None).AsTask())];

    private static bool IsGranted(Task<bool> place) => place is { IsCompletedSuccessfully: true, Result: true };

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        for (var i = 0; i < 200 && !condition(); i++) await Task.Delay(10);
        Assert.True(condition());
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most)) Interlocked.CompareExchange(ref most, value, seen);
    }
}
