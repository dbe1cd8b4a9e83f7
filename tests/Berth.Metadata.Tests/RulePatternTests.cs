using System.Diagnostics;

namespace Berth.Metadata.Tests;

public sealed class RulePatternTests
{
    [Theory]
    [InlineData("*", "anything/at-all", true)]
    [InlineData("v*", "v", true)]
    [InlineData("v*", "v1.2.3", true)]
    [InlineData("v*", "1v", false)]
    [InlineData("v?.?", "v1.2", true)]
    [InlineData("v?.?", "v1.23", false)]
    [InlineData("*-rc*", "v1-rc2", true)]
    [InlineData("*a*b*c", "xxaxxbxxbc", true)]
    [InlineData("*a*b*c", "xxaxxbxxbcd", false)]
    [InlineData("team/*", "team/a/b", true)]
    [InlineData("team/*", "team", false)]
    [InlineData("latest", "latest", true)]
    [InlineData("latest", "Latest", false)]
    [InlineData("v1.2", "v1x2", false)]
    public void A_glob_matches_a_whole_name(string glob, string name, bool matches)
    {
        Assert.True(RulePattern.TryParse(glob, isRegex: false, out var pattern, out _));
        Assert.Equal(matches, pattern.Matches(name));
    }

    [Theory]
    [InlineData("v[0-9]+", "v12", true)]
    [InlineData("v[0-9]+", "v12-rc", false)]
    [InlineData("v[0-9]+", "xv12", false)]
    [InlineData("a|ab", "ab", true)]
    [InlineData("a|b", "xb", false)]
    [InlineData("(?i)release", "RELEASE", true)]
    public void An_expression_matches_a_whole_name(string expression, string name, bool matches)
    {
        Assert.True(RulePattern.TryParse(expression, isRegex: true, out var pattern, out _));
        Assert.Equal(matches, pattern.Matches(name));
    }

    [Theory]
    [InlineData("build-*", "build-1", true)]
    [InlineData("build-*", "a-build-1", false)]
    [InlineData("build-?", "build-12", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("team/*", "team/a/b", false)]
    [InlineData("team/?", "team//", false)]
    [InlineData("team/**", "team/a/b", true)]
    [InlineData("team/**", "team", false)]
    [InlineData("**", "a/b/c", true)]
    public void A_glob_of_paths_has_a_star_that_stops_at_a_slash_and_two_that_do_not(string glob, string name, bool matches) =>
        Assert.Equal(matches, RulePattern.OfPath(glob).Matches(name));

    [Theory]
    [InlineData("^a", "ab", true)]
    [InlineData("^b", "ab", false)]
    [InlineData("b$", "ab", true)]
    [InlineData("a$", "ab", false)]
    [InlineData("b", "abc", true)]
    [InlineData("a|c", "xc", true)]
    public void A_part_is_looked_for_anywhere_in_a_name(string expression, string name, bool matches) => Assert.Equal(matches, RulePattern.OfPart(expression).Matches(name));

    [Theory]
    [InlineData("", false, "1 to 256")]
    [InlineData("v[0-9]", false, "'*' for any run")]
    [InlineData("v 1", false, "'*' for any run")]
    [InlineData("", true, "1 to 1000")]
    [InlineData("(", true, "no regular expression")]
    [InlineData("a)|(b", true, "no regular expression")]
    [InlineData("(?x)a #", true, "no regular expression")]
    [InlineData("(a)\\1", true, "linear time")]
    [InlineData("(?=a)a", true, "linear time")]
    [InlineData("(?>a)", true, "linear time")]
    [InlineData("a{257}", true, "256 times")]
    [InlineData("a{1,99999999999999}", true, "256 times")]
    [InlineData("((a{99}){99}){99}", true, "multiply to 1000")]
    public void What_is_no_pattern_is_refused_with_the_reason(string text, bool isRegex, string reason)
    {
        Assert.False(RulePattern.TryParse(text, isRegex, out _, out var error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_many_stars_and_an_expression_of_many_choices_cost_little_over_the_longest_name()
    {
        Assert.False(RulePattern.TryParse(new string('a', RulePattern.MaxLength + 1), isRegex: false, out _, out _));
        var name = new string('a', 255);
        (string Text, bool IsRegex)[] patterns = [(string.Concat(Enumerable.Repeat("*a", 127)) + "*b", false), ("(a|a|aa|(a*)*)*b", true), ("(.*a){20}b", true)];
        foreach (var (text, isRegex) in patterns)
        {
            Assert.True(RulePattern.TryParse(text, isRegex, out var pattern, out var error), error);
            var started = Stopwatch.GetTimestamp();
            Assert.False(pattern.Matches(name));
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }
    }
}
