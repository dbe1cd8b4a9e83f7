using System.Net;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>What the time of a refusal tells of whether there is an account.</summary>
public sealed class UnknownAccountTests
{
    [Fact]
    public async Task An_account_that_there_is_not_takes_as_long_as_one_that_there_is()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Metadata.SetPasswordAsync("ann@example.test", PasswordHash.Create("a password of its own"), Caller.System, CancellationToken.None);
        await TimeAsync(host, "ann@example.test", "the first one, which settles the owner's account");

        // In turns, so that other work of the machine falls on both.
        var (known, unknown) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < 7; i++)
        {
            known.Add(await TimeAsync(host, "ann@example.test", $"wrong {i}"));
            unknown.Add(await TimeAsync(host, $"nobody-{i}@example.test", $"wrong {i}"));
        }

        // Without a hash it is a hundredth.
        Assert.InRange(MedianOf(unknown) / MedianOf(known), 0.4, 2.5);
    }

    private static TimeSpan MedianOf(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static async Task<TimeSpan> TimeAsync(RegistryHost host, string name, string password)
    {
        using var client = host.ClientOf(name, password);
        var start = TimeProvider.System.GetTimestamp();
        using var answer = await client.GetAsync("/v2/");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        return TimeProvider.System.GetElapsedTime(start);
    }
}
