using Berth.Metadata;
using Berth.Registry.Identity.Authorization;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class RoleConditionTests
{
    private const string Read = Actions + "repositories/content/read";

    [Fact]
    public void The_ranges_hold_exactly_the_names_that_the_condition_holds_for() => Gen.Select(ConditionEvaluation.Trees, Gen.OneOf(DataActions), Names.Array[20]).Sample(
        (tree, action, names) =>
        {
            var set = tree.Compile(action);
            return names.All(name => set.Contains(name) == ConditionEvaluation.Holds(tree, action, name));
        },
        iter: Effort.Iterations(5_000));

    [Fact]
    public void A_condition_means_the_same_however_it_is_written() => Gen.Select(ConditionEvaluation.Trees, Gen.Int[0, int.MaxValue - 1]).Sample(
        (tree, seed) =>
        {
            var text = ConditionEvaluation.Write(tree, new Random(seed));
            if (text.Length > RoleCondition.MaxLength) return true;
            var condition = Condition(text);
            return condition.Text == text && DataActions.All(action => condition.Permits(action).Equals(tree.Compile(action)));
        },
        iter: Effort.Iterations(5_000));

    [Fact]
    public void The_portals_condition_leaves_its_prefix_for_the_actions_it_names_and_everything_for_others()
    {
        var condition = Condition(Narrowed("StringStartsWith 'team-a/'", "content/read", "metadata/read"));

        Assert.Equal([new NameRange("team-a/", "team-a0")], condition.Permits(Read).Ranges);
        Assert.True(condition.Permits(Actions + "repositories/content/write").IsAll);
        foreach (var name in (string[])["team-b/app", "team-a", "team-ab/app", "x/team-a/app"]) Assert.False(condition.Permits(Read).Contains(Name(name)), name);
    }

    [Theory]
    [InlineData("StringEquals 'team-a/app'", true)]
    [InlineData("StringEquals 'Team-A/App'", false)]
    [InlineData("StringEqualsIgnoreCase 'Team-A/App'", true)]
    [InlineData("StringNotEquals 'team-a/app'", false)]
    [InlineData("StringNotEquals 'Team-A/App'", true)]
    [InlineData("StringNotEqualsIgnoreCase 'Team-A/App'", false)]
    [InlineData("StringStartsWith 'team-a/'", true)]
    [InlineData("StringStartsWith 'TEAM-A/'", false)]
    [InlineData("StringStartsWithIgnoreCase 'TEAM-A/'", true)]
    [InlineData("StringNotStartsWith 'team-b/'", true)]
    [InlineData("StringNotStartsWithIgnoreCase 'TEAM-A/'", false)]
    [InlineData("ForAnyOfAnyValues:StringEquals {'x', 'team-a/app'}", true)]
    [InlineData("ForAnyOfAnyValues:StringNotEquals {'x', 'team-a/app'}", true)]
    [InlineData("ForAnyOfAllValues:StringNotEquals {'x', 'team-a/app'}", false)]
    [InlineData("StringEquals 'team''a'", false)]
    public void Each_operator_compares_as_its_name_says(string comparison, bool expected) =>
        Assert.Equal(expected, Condition($"{NameAttribute} {comparison}").Permits(Read).Contains(Name("team-a/app")));

    [Fact]
    public void And_binds_before_or_and_not_before_both()
    {
        Assert.True(Condition("ActionMatches{'*'} OR ActionMatches{'*'} AND ActionMatches{'x'}").Permits(Read).IsAll);
        Assert.True(Condition("!ActionMatches{'*'} AND ActionMatches{'x'}").Permits(Read).IsEmpty);
        Assert.True(Condition("NOT ActionMatches{'x'} || ActionMatches{'x'}").Permits(Read).IsAll);
    }

    [Theory]
    [InlineData("", 1, "it ends there; expected '('")]
    [InlineData("(@Request[ StringStartsWith", 2, "expected the only attribute that is known, @Request[")]
    [InlineData("@Resource[Microsoft.ContainerRegistry/registries/repositories:name] StringEquals 'a'", 1, "the only attribute that is known")]
    [InlineData("@Request[Microsoft.ContainerRegistry/registries/repositories:tag] StringEquals 'a'", 1, "the only attribute that is known")]
    [InlineData(NameAttribute + " StringLike 'a*'", 68, "one of the operators StringEquals, StringNotEquals,")]
    [InlineData(NameAttribute + " StringEquals a", 81, "expected a text in single quotes")]
    [InlineData(NameAttribute + " StringEquals {'a'}", 81, "expected a text in single quotes")]
    [InlineData(NameAttribute + " StringEquals 'a", 83, "expected the closing single quote")]
    [InlineData(NameAttribute + " ForAnyOfAnyValues:StringEquals 'a'", 99, "expected '{'")]
    [InlineData(NameAttribute + " ForAnyOfAnyValues StringEquals {'a'}", 86, "expected ':'")]
    [InlineData(NameAttribute + " ForAnyOfAnyValues:StringEquals {}", 100, "a text in single quotes")]
    [InlineData(NameAttribute + " ForAnyOfAnyValues:StringEquals {'a' 'b'}", 104, "expected ',' or '}'")]
    [InlineData("ActionMatches('a')", 14, "expected '{'")]
    [InlineData("ActionMatches{'a'", 18, "expected '}'")]
    [InlineData("SubOperationMatches{'a'}", 1, "expected '('")]
    [InlineData("(ActionMatches{'a'}", 20, "expected AND, OR or ')'")]
    [InlineData("ActionMatches{'a'}) OR x", 19, "expected AND, OR or the end")]
    [InlineData("ActionMatches{'a'} ANDActionMatches{'a'}", 20, "expected AND, OR or the end")]
    public void What_is_no_condition_is_refused_with_the_place_and_what_was_expected(string text, int position, string expected)
    {
        Assert.False(RoleCondition.TryParse(text, out _, out var error));
        Assert.Equal(position, error.Position);
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Length_and_depth_are_bounded()
    {
        var longest = "ActionMatches{'" + new string('a', RoleCondition.MaxLength - 17) + "'}";
        Assert.True(RoleCondition.TryParse(longest, out _, out _));
        Assert.False(RoleCondition.TryParse(longest + " ", out _, out var tooLong));
        Assert.Contains("longer than 8192", tooLong.Message, StringComparison.Ordinal);

        string Nested(int depth) => new string('(', depth) + "ActionMatches{'a'}" + new string(')', depth);
        Assert.True(RoleCondition.TryParse(Nested(ConditionParser.MaxDepth - 1), out _, out _));
        Assert.False(RoleCondition.TryParse(Nested(ConditionParser.MaxDepth), out _, out var tooDeep));
        Assert.Contains("limited to 64", tooDeep.Message, StringComparison.Ordinal);
        Assert.False(RoleCondition.TryParse(new string('!', RoleCondition.MaxLength), out _, out _));
    }
}
