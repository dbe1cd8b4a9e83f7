using System.Text.RegularExpressions;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class ActionPatternTests
{
    [Theory]
    [InlineData("*", "Microsoft.X/y/read", true)]
    [InlineData("*/read", "Microsoft.X/y/read", true)]
    [InlineData("*/read", "Microsoft.X/y/readers", false)]
    [InlineData("Microsoft.X/*/read", "Microsoft.X/y/z/read", true)]
    [InlineData("Microsoft.X/y/*/read", "Microsoft.X/y/read", false)]
    [InlineData("microsoft.x/Y/READ", "Microsoft.X/y/read", true)]
    [InlineData("Microsoft.X/y", "Microsoft.X/y/read", false)]
    [InlineData("Microsoft.X/y/read", "Microsoft.X/y", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a*b*c", "aXbXbc", true)]
    [InlineData("Microsoft?X/*", "Microsoft.X/y", false)]
    public void A_star_stands_for_any_run_and_case_does_not_count(string pattern, string action, bool expected) =>
        Assert.Equal(expected, ActionPattern.Matches(pattern, action));

    [Fact]
    public void It_matches_what_the_same_regular_expression_matches() => Gen.Select(
        Gen.OneOf("*", "a", "B", "/", "ab", ".").Array[0, 8].Select(string.Concat), Gen.OneOf("a", "b", "A", "/", ".").Array[0, 10].Select(string.Concat)).Sample(
        (pattern, action) => ActionPattern.Matches(pattern, action)
            == Regex.IsMatch(action, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant),
        iter: Effort.Iterations(10_000));

    [Fact]
    public void Many_stars_take_no_exponential_time()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.False(ActionPattern.Matches(string.Concat(Enumerable.Repeat("a*", 1_000)) + "b", new string('a', 4_000)));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }
}
