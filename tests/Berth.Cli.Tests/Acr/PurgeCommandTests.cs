using Berth.Cli.Acr;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Acr;

/// <summary>What the flags of <c>acr purge</c> mean as rules.</summary>
public sealed class PurgeCommandTests
{
    [Fact]
    public void A_filter_is_a_rule_that_untags() => Assert.Equal(
        ["""{"name":"purge-1","repositoryRegex":"team/app","tagRegex":"(?:^build-)","olderThan":"30d","spareNewest":3,"action":"untag"}"""],
        Rules(["team/app:^build-"], "30d", keep: 3));

    [Fact]
    public void Filters_of_one_repository_are_one_rule_so_that_keep_counts_them_together() => Assert.Equal(
        ["""{"name":"purge-1","repositoryRegex":"app","tagRegex":"(?:a)|(?:b)","olderThan":"1d","action":"untag"}""", """{"name":"purge-2","repositoryRegex":"x","tagRegex":"(?:c)","olderThan":"1d","action":"untag"}"""],
        Rules(["app:a", "x:c", "app:b"], "1d"));

    [Fact]
    public void With_untagged_what_no_tag_names_then_goes_too() => Assert.Equal(
        [
            """{"name":"purge-1","repositoryRegex":"app","tagRegex":"(?:.*)","olderThan":"7d","action":"delete"}""",
            """{"name":"purge-2-untagged","repositoryRegex":"app","untaggedFor":"7d","action":"delete"}""",
        ],
        Rules(["app:.*"], "7d", untagged: true));

    [Theory]
    [InlineData(null, "0d")]
    [InlineData("2d3h", "2d3h")]
    public void With_untagged_only_no_tag_is_removed(string? ago, string expected) => Assert.Equal(
        [$$"""{"name":"purge-1-untagged","repositoryRegex":".*","untaggedFor":"{{expected}}","action":"delete"}"""], Rules([], ago, untaggedOnly: true));

    [Fact]
    public void A_colon_within_a_group_is_no_border() => Assert.Equal(
        ["""{"name":"purge-1","repositoryRegex":"(?:a|b)","tagRegex":"(?:(?:c|d))","olderThan":"1d","action":"untag"}"""], Rules(["(?:a|b):(?:c|d)"], "1d"));

    [Theory]
    [InlineData("app", "1d")]
    [InlineData("app:", "1d")]
    [InlineData(":tag", "1d")]
    [InlineData("app:tag", null)]
    [InlineData(null, "1d")]
    public void What_says_nothing_is_refused(string? filter, string? ago) => Assert.Throws<ArgumentException>(() => Rules(filter is null ? [] : [filter], ago));

    [Theory]
    [InlineData("acr", "purge", "--filter", "app:^build-", "--ago", "30d")]
    [InlineData("lifecycle", "run", "--yes")]
    [InlineData("lifecycle", "preview")]
    public async Task A_query_that_cannot_be_read_is_refused_before_anything_is_asked(params string[] command)
    {
        using var client = new ClientProgram();
        var asked = 0;
        await using var registry = new FakePeer(_ =>
        {
            Interlocked.Increment(ref asked);
            return new FakeAnswer(500);
        });
        var run = await client.RunAsync([.. command, "--registry", registry.Address, "--query", "items[?"]);
        Assert.Equal((2, 0), (run.Status, asked));
    }

    private static List<string> Rules(string[] filters, string? ago, int keep = 0, bool untagged = false, bool untaggedOnly = false) =>
        [.. PurgeRules.Of(filters, ago, keep, untagged, untaggedOnly).Select(rule => rule.GetRawText())];
}
