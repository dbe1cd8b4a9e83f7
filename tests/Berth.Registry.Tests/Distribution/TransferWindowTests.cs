using Berth.Registry.Distribution;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Distribution;

public sealed class TransferWindowTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_window_in_which_enough_passed_is_renewed()
    {
        using var window = new TransferWindow(Length, _time, CancellationToken.None);
        window.Passed(1_000_000);
        _time.Advance(TimeSpan.FromSeconds(59));

        Assert.True(window.TryRenew());
        Assert.False(window.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_transfer_that_stands_still_is_not_renewed()
    {
        using var window = new TransferWindow(Length, _time, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.False(window.TryRenew());
    }

    [Fact]
    public void A_transfer_that_crawls_is_not_renewed()
    {
        using var window = new TransferWindow(Length, _time, CancellationToken.None);
        for (var i = 0; i < 60; i++)
        {
            window.Passed(1);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(window.TryRenew());
    }

    [Fact]
    public void A_fast_start_does_not_excuse_a_later_stall()
    {
        using var window = new TransferWindow(Length, _time, CancellationToken.None);
        window.Passed(1L << 30);
        _time.Advance(TimeSpan.FromSeconds(31));
        window.Passed(1);
        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.False(window.TryRenew());
    }
}
