using Berth.Registry.Distribution;

namespace Berth.Registry.Tests.Distribution;

/// <summary>How long links to an object store are good, and how long bytes stay for those who have one.</summary>
public sealed class StoreLinkLifetimeTests
{
    [Theory]
    [InlineData("1.00:00:00", "00:15:00", "00:15:00", "00:20:00")]
    [InlineData("1.00:00:00", "06:00:00", "06:00:00", "06:05:00")]
    [InlineData("00:30:00", "00:15:00", "00:10:00", "00:15:00")]
    [InlineData("00:12:00", "00:15:00", "00:01:00", "00:06:00")]
    [InlineData("00:11:59", "00:15:00", null, "00:00:00")]
    [InlineData("00:00:04", "00:15:00", null, "00:00:00")]
    public void Bytes_stay_five_minutes_longer_than_the_longest_link(string grace, string lifetime, string? link, string kept)
    {
        var options = new DistributionOptions { StoreLinkLifetime = At(lifetime) };

        Assert.Equal(link is null ? (TimeSpan?)null : At(link), options.StoreLinkLifetimeUnder(At(grace)));
        Assert.Equal(At(kept), options.KeptForStoreLinks(At(grace)));

        var without = options with { StoreLinks = false };
        Assert.Null(without.StoreLinkLifetimeUnder(At(grace)));
        Assert.Equal(TimeSpan.Zero, without.KeptForStoreLinks(At(grace)));
    }

    private static TimeSpan At(string text) => TimeSpan.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
