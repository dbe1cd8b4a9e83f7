using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class ScopeMapTests
{
    [Theory]
    [InlineData("repositories/*/content/read", "any/thing", true)]
    [InlineData("repositories/team-a/*/content/read", "team-a/app", true)]
    [InlineData("repositories/team-a/*/content/read", "team-a/app/deep", true)]
    [InlineData("repositories/team-a/*/content/read", "team-a", false)]
    [InlineData("repositories/team-a/*/content/read", "team-ab/app", false)]
    [InlineData("repositories/team-a/*/content/read", "x/team-a/app", false)]
    [InlineData("repositories/team-a/app/content/read", "team-a/app", true)]
    [InlineData("repositories/team-a/app/content/read", "team-a/app2", false)]
    [InlineData("repositories/content/read/content/read", "content/read", true)]
    public void A_name_is_exact_or_all_or_everything_under_a_folder(string text, string repository, bool expected) =>
        Assert.Equal(expected, Parse(text).Repositories.Contains(Name(repository)));

    [Fact]
    public void A_line_reaches_the_names_that_its_text_says_and_no_others() => Gen.Select(Names, Names, Gen.Int[0, 2]).Sample(
        (written, asked, kind) =>
        {
            var text = kind switch { 0 => "*", 1 => $"{written}/*", _ => written.Value };
            var expected = kind switch { 0 => true, 1 => asked.Value.StartsWith(written.Value + "/", StringComparison.Ordinal), _ => asked == written };
            return Parse($"repositories/{text}/content/read").Repositories.Contains(asked) == expected;
        },
        iter: Effort.Iterations(20_000));

    [Theory]
    [InlineData("content/read", RepositoryAction.ContentRead)]
    [InlineData("content/write", RepositoryAction.ContentWrite)]
    [InlineData("content/delete", RepositoryAction.ContentDelete, RepositoryAction.MetadataDelete)]
    [InlineData("metadata/read", RepositoryAction.MetadataRead)]
    [InlineData("metadata/write", RepositoryAction.MetadataWrite)]
    public void Each_action_grants_its_own(string action, params RepositoryAction[] expected) =>
        Assert.Equal(expected, Parse($"repositories/app/{action}").Granted);

    [Theory]
    [InlineData("repositories/a*b/content/read", "wildcard where none may be")]
    [InlineData("repositories/*/app/content/read", "wildcard where none may be")]
    [InlineData("repositories/**/content/read", "wildcard where none may be")]
    [InlineData("repositories/team-a*/content/read", "wildcard where none may be")]
    [InlineData("repositories//*/content/read", "wildcard where none may be")]
    [InlineData("repositories/Team/content/read", "no repository name")]
    [InlineData("repositories/a/../b/content/read", "no repository name")]
    [InlineData("repositories/content/read", "no action of a scope map")]
    [InlineData("repositories//content/read", "no action of a scope map")]
    [InlineData("repositories/app/content/pull", "no action of a scope map")]
    [InlineData("repositories/app/metadata/delete", "no action of a scope map")]
    [InlineData("Repositories/app/content/read", "no action of a scope map")]
    [InlineData("gateway//config/read", "no action of a scope map")]
    [InlineData("gateway/a b/config/read", "no action of a scope map")]
    [InlineData("", "no action of a scope map")]
    public void What_is_no_action_is_refused_with_a_sentence(string text, string expected)
    {
        Assert.False(ScopeMapAction.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateway/branch-1/config/read")]
    [InlineData("gateway/branch-1/config/write")]
    [InlineData("gateway/branch-1/message/read")]
    [InlineData("gateway/branch-1/message/write")]
    public void Actions_of_connected_registries_are_accepted_and_grant_nothing(string text)
    {
        Assert.Empty(Parse(text).Granted);
        Assert.True(Parse(text).Repositories.IsEmpty);
    }

    [Fact]
    public void A_map_has_at_most_500_actions()
    {
        var lines = Enumerable.Range(0, 500).Select(i => $"repositories/app{i}/content/read").ToList();
        Assert.True(ScopeMap.TryParse("m", "", lines, out var map, out _));
        Assert.Equal(500, map.Actions.Count);
        Assert.False(ScopeMap.TryParse("m", "", [.. lines, lines[0]], out _, out var error));
        Assert.Contains("at most 500", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_with_one_bad_line_is_refused_for_that_line()
    {
        Assert.False(ScopeMap.TryParse("m", "", ["repositories/a/content/read", "repositories/a*b/content/read"], out _, out var error));
        Assert.StartsWith("'a*b'", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_system_defined_maps_are_Azures()
    {
        var maps = ScopeMap.SystemDefined.ToDictionary(map => map.Name, map => map.Actions.Select(a => a.Text.Replace("repositories/*/", "", StringComparison.Ordinal)).Order());
        Assert.Equal(5, maps.Count);
        Assert.Equal(["content/read"], maps["_repositories_pull"]);
        Assert.Equal(["content/read", "metadata/read"], maps["_repositories_pull_metadata_read"]);
        Assert.Equal(["content/read", "content/write"], maps["_repositories_push"]);
        Assert.Equal(["content/read", "content/write", "metadata/read", "metadata/write"], maps["_repositories_push_metadata_write"]);
        Assert.Equal(["content/delete", "content/read", "content/write", "metadata/read", "metadata/write"], maps["_repositories_admin"]);
    }

    private static ScopeMapAction Parse(string text) => ScopeMapAction.TryParse(text, out var action, out var error) ? action : throw new FormatException(error);
}
