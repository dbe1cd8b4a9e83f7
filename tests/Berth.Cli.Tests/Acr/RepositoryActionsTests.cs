using Berth.Cli.Acr;

namespace Berth.Cli.Tests.Acr;

/// <summary>What stands after <c>--repository</c>, as az takes it.</summary>
public sealed class RepositoryActionsTests
{
    [Theory]
    [InlineData("app content/read", "repositories/app/content/read")]
    [InlineData("team/app content/read metadata/READ", "repositories/team/app/content/read repositories/team/app/metadata/read")]
    [InlineData("a content/write team/* content/delete metadata/write", "repositories/a/content/write repositories/team/*/content/delete repositories/team/*/metadata/write")]
    public void A_repository_goes_with_the_actions_after_it(string words, string actions) => Assert.Equal(actions.Split(' '), RepositoryActions.Read(words.Split(' ')));

    [Theory]
    [InlineData("content/read", "a repository comes before it")]
    [InlineData("app", "'app' needs an action")]
    [InlineData("app content/reed", "'app' needs an action")]
    [InlineData("app content/read other", "'other' needs an action")]
    public void What_lacks_the_one_or_the_other_is_refused(string words, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => RepositoryActions.Read(words.Split(' '))).Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_nothing() => Assert.Empty(RepositoryActions.Read(null));
}
