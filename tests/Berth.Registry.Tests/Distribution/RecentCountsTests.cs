using Berth.Oci;
using Berth.Registry.Distribution;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Distribution;

public sealed class RecentCountsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecentCounts _counts;

    public RecentCountsTests() => _counts = new RecentCounts(_time);

    [Fact]
    public void Those_with_the_most_come_first_and_no_more_than_twenty()
    {
        for (var i = 1; i <= 30; i++) Add($"app{i}", i);
        var top = _counts.Top();
        Assert.Equal(RecentCounts.MostShown, top.Count);
        Assert.Equal(("app30", 30), (top[0].Repository.Value, top[0].Count));
        Assert.Equal(("app11", 11), (top[^1].Repository.Value, top[^1].Count));
    }

    [Fact]
    public void A_flood_of_seldom_ones_neither_fills_the_memory_nor_hides_what_comes_often()
    {
        Add("busy", 5_000);
        for (var i = 0; i < 20_000; i++) Add($"seldom{i}", 1);
        Assert.Equal("busy", _counts.Top()[0].Repository.Value);
        Assert.InRange(_counts.Top()[0].Count, 4_900, 5_000);
    }

    [Fact]
    public void What_is_longer_ago_than_ten_minutes_is_forgotten()
    {
        Add("old", 3);
        _time.Advance(RecentCounts.Window);
        Add("new", 1);
        Assert.Equal(["old", "new"], _counts.Top().Select(one => one.Repository.Value));
        _time.Advance(RecentCounts.Window);
        Assert.Equal(["new"], _counts.Top().Select(one => one.Repository.Value));
        _time.Advance(3 * RecentCounts.Window);
        Assert.Empty(_counts.Top());
    }

    private void Add(string repository, int times)
    {
        for (var i = 0; i < times; i++) _counts.Add("local", RepositoryName.Parse(repository));
    }
}
