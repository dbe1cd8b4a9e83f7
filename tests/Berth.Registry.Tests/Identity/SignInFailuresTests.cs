using System.Net;
using Berth.Registry.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

public sealed class SignInFailuresTests
{
    private static readonly IPAddress Here = IPAddress.Loopback;
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Failures_make_the_next_one_wait_longer_and_longer_up_to_two_seconds()
    {
        var failures = new SignInFailures(TimeSpan.FromSeconds(2), _time);
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            var wait = failures.Reserve("ann", Here);
            waits.Add(wait);
            _time.Advance(wait);
            failures.Add("ann", Here);
        }

        Assert.All(waits.Take(SignInFailures.Free + 1), wait => Assert.Equal(TimeSpan.Zero, wait));
        Assert.Equal(waits.Order(), waits);
        Assert.Equal(TimeSpan.FromSeconds(2), waits[^1]);
    }

    [Fact]
    public void Another_account_and_another_address_wait_for_nothing()
    {
        var failures = Failed("ann", 40);

        Assert.Equal(TimeSpan.Zero, failures.Reserve("bob", Here));
        Assert.Equal(TimeSpan.Zero, failures.Reserve(null, Here));
        Assert.Equal(TimeSpan.Zero, failures.Reserve("ann", IPAddress.Parse("192.0.2.1")));
    }

    [Fact]
    public void Those_who_come_at_once_stand_in_line_which_has_an_end()
    {
        var failures = Failed("ann", 40);

        var waits = Enumerable.Range(0, 10).Select(_ => failures.Reserve("ann", Here)).ToArray();
        Assert.Equal([0, 2, 4, 6, 8, 10, 12, 12, 12, 12], waits.Select(wait => (int)wait.TotalSeconds));
        Assert.True(waits[^1] > SignInFailures.LongestLine);
    }

    [Fact]
    public void A_success_and_time_make_failures_forgotten()
    {
        var failures = Failed("ann", 40);
        failures.Forget("ann", Here);
        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero], [failures.Reserve("ann", Here), failures.Reserve("ann", Here)]);

        failures = Failed("ann", 40);
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero], [failures.Reserve("ann", Here), failures.Reserve("ann", Here)]);
    }

    [Fact]
    public void Accounts_that_there_are_not_count_together()
    {
        var failures = Failed(null, 40);

        failures.Reserve(null, Here);
        Assert.True(failures.Reserve(null, Here) > TimeSpan.Zero);
    }

    private SignInFailures Failed(string? account, int times)
    {
        var failures = new SignInFailures(TimeSpan.FromSeconds(2), _time);
        for (var i = 0; i < times; i++) failures.Add(account, Here);
        return failures;
    }
}
