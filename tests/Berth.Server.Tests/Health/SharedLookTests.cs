using Berth.Server.Health;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Server.Tests.Health;

/// <summary>How often is looked, however many ask.</summary>
public sealed class SharedLookTests
{
    private readonly FakeTimeProvider _time = new();
    private int _looks;

    [Fact]
    public async Task Within_a_second_there_is_one_look_and_a_change_is_seen_after_it()
    {
        var shared = new SharedLook(_time);
        string? found = null;
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(await shared.AskAsync(LookAsync, CancellationToken.None));
            if (i == 50) _time.Advance(SharedLook.Kept - TimeSpan.FromMilliseconds(1));
            found = "gone";
        }

        Assert.Equal(1, _looks);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("gone", await shared.AskAsync(LookAsync, CancellationToken.None));
        found = null;
        Assert.Equal("gone", await shared.AskAsync(LookAsync, CancellationToken.None));
        _time.Advance(SharedLook.Kept);
        Assert.Null(await shared.AskAsync(LookAsync, CancellationToken.None));
        Assert.Equal(3, _looks);

        Task<string?> LookAsync()
        {
            _looks++;
            return Task.FromResult(found);
        }
    }

    [Fact]
    public async Task Those_who_ask_meanwhile_wait_for_the_same_look_which_goes_on_when_one_of_them_goes_away()
    {
        var shared = new SharedLook(_time);
        var end = new TaskCompletionSource<string?>();
        using var gone = new CancellationTokenSource();
        var first = shared.AskAsync(LookAsync, gone.Token);
        var others = Enumerable.Range(0, 20).Select(_ => shared.AskAsync(LookAsync, CancellationToken.None)).ToList();

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _time.Advance(TimeSpan.FromMinutes(1));
        others.Add(shared.AskAsync(LookAsync, CancellationToken.None));
        end.SetResult("gone");

        Assert.All(await Task.WhenAll(others), problem => Assert.Equal("gone", problem));
        Assert.Equal(1, _looks);

        Task<string?> LookAsync()
        {
            _looks++;
            return end.Task;
        }
    }

    [Fact]
    public async Task A_look_that_failed_is_none_for_longer_than_another()
    {
        var shared = new SharedLook(_time);

        await Assert.ThrowsAsync<InvalidOperationException>(() => shared.AskAsync(static () => throw new InvalidOperationException(), CancellationToken.None));
        _time.Advance(SharedLook.Kept);
        Assert.Null(await shared.AskAsync(static () => Task.FromResult<string?>(null), CancellationToken.None));
    }
}
