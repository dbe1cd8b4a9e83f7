using System.Collections.Concurrent;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Tests;

/// <summary>Changes that share a commit: who is alone does not wait, who is in the way fails alone, and nobody waits behind what waits itself.</summary>
public sealed class TogetherTests
{
    private const int Most = 4;

    private readonly ConcurrentQueue<int[]> _made = new();
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task One_after_another_each_is_alone()
    {
        var together = Create();
        for (var i = 0; i < 5; i++) await together.MakeAsync(i, others: 0);
        Assert.Equal([[0], [1], [2], [3], [4]], _made);
    }

    [Fact]
    public async Task What_comes_meanwhile_goes_together_in_its_order_and_no_two_of_a_key()
    {
        var together = Create(waitsAt: 100);
        var first = together.MakeAsync(100, others: 9);
        await AwaitAsync(() => !_made.IsEmpty);

        // 1, 11 and 21 are of one key.
        var rest = new[] { 1, 2, 11, 3, 21, 4, 5 }.Select(one => together.MakeAsync(one, others: 9)).ToList();
        _goOn.SetResult();
        await Task.WhenAll(rest.Append(first));

        Assert.Equal([[100], [1, 2, 3, 4], [11, 5], [21]], _made);
    }

    [Fact]
    public async Task What_is_in_the_way_fails_alone()
    {
        var together = Create(waitsAt: 100, failsAt: 3);
        var first = together.MakeAsync(100, others: 9);
        await AwaitAsync(() => !_made.IsEmpty);
        var rest = new[] { 1, 2, 3 }.Select(one => together.MakeAsync(one, others: 9)).ToList();
        _goOn.SetResult();

        Assert.Equal("3 is in the way", (await Assert.ThrowsAsync<InvalidOperationException>(() => rest[2])).Message);
        await Task.WhenAll(first, rest[0], rest[1]);
        Assert.Contains([1, 2, 3], _made);
        await together.MakeAsync(4, others: 0);
    }

    [Fact]
    public async Task Nobody_waits_behind_one_that_waits_itself()
    {
        var together = Create(waitsAt: 100, patience: 25);
        var stuck = together.MakeAsync(100, others: 9);
        await AwaitAsync(() => !_made.IsEmpty);

        await Task.WhenAll(together.MakeAsync(1, others: 9), together.MakeAsync(2, others: 9)).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.False(stuck.IsCompleted);
        _goOn.SetResult();
        await stuck;
    }

    [Fact]
    public async Task Of_many_threads_each_gets_its_own_outcome()
    {
        var together = Create(failsAt: 777);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 2_000).Select(i => Task.Run(async () =>
        {
            try
            {
                await together.MakeAsync(i, others: i % 10);
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        })));

        Assert.All(outcomes, (made, i) => Assert.Equal(i != 777, made));
        Assert.All(_made, made => Assert.InRange(made.Length, 1, Most));
    }

    private Together<int, int> Create(int waitsAt = -1, int failsAt = -1, int patience = Timeout.Infinite) => new(Most, one => one % 10, async all =>
    {
        _made.Enqueue([.. all]);
        if (all.Contains(waitsAt)) await _goOn.Task;
        if (all.Contains(failsAt)) throw new InvalidOperationException($"{failsAt} is in the way");
    }, TimeSpan.FromMilliseconds(patience));

    private static async Task AwaitAsync(Func<bool> isSo)
    {
        for (var i = 0; i < 1_000 && !isSo(); i++) await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.True(isSo());
    }
}
