using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using static Berth.Metadata.RoleAssignmentMode;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class AccessExplanationTests
{
    private static readonly string TeamA = Narrowed("StringStartsWith 'team-a/'", "content/read", "content/write");

    [Fact]
    public void What_is_allowed_names_the_assignment_that_allows_it_first()
    {
        var explanation = RegistryPermissions.FromAssignments(
            [Assigned("AcrPush", id: "first"), Assigned("Container Registry Repository Writer", TeamA, "second")], AbacRepositoryPermissions)
            .Explain(Name("team-a/app"), RepositoryAction.ContentWrite);

        Assert.True(explanation.IsAllowed);
        Assert.Empty(explanation.RolesThatAllow);
        Assert.Equal(["second", "first"], explanation.Reasons.Select(reason => reason.Source));
        var reason = explanation.Reasons[0];
        Assert.Equal((AccessVerdict.Allowed, "Container Registry Repository Writer", "/subscriptions/s", TeamA), (reason.Verdict, reason.Role, reason.Scope, reason.Condition));
        Assert.Equal("The role 'Container Registry Repository Writer' at /subscriptions/s gives ContentWrite on team-a/app, for which its condition holds.", reason.Sentence);
    }

    [Theory]
    [InlineData("AcrPush", false, AbacRepositoryPermissions, AccessVerdict.OtherMode, "the data action Microsoft.ContainerRegistry/registries/repositories/content/write")]
    [InlineData("Container Registry Repository Writer", false, LegacyRegistryPermissions, AccessVerdict.OtherMode, "the action Microsoft.ContainerRegistry/registries/push/write")]
    [InlineData("AcrPull", false, LegacyRegistryPermissions, AccessVerdict.ActionMissing, "does not have the action Microsoft.ContainerRegistry/registries/push/write")]
    [InlineData("Container Registry Repository Reader", false, AbacRepositoryPermissions, AccessVerdict.ActionMissing, "does not have the data action")]
    [InlineData("Container Registry Repository Writer", true, AbacRepositoryPermissions, AccessVerdict.ConditionNotMet, "its condition does not hold for team-b/app")]
    [InlineData("AcrPush", true, LegacyRegistryPermissions, AccessVerdict.ConditionNotSupported, "it gives nothing on repositories")]
    public void What_is_denied_says_why_the_assignment_does_not_give_it(string role, bool hasCondition, RoleAssignmentMode mode, AccessVerdict verdict, string sentence)
    {
        var explanation = RegistryPermissions.FromAssignments([Assigned(role, hasCondition ? TeamA : null)], mode).Explain(Name("team-b/app"), RepositoryAction.ContentWrite);

        Assert.False(explanation.IsAllowed);
        var reason = Assert.Single(explanation.Reasons);
        Assert.Equal(verdict, reason.Verdict);
        Assert.Contains(sentence, reason.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_denied_names_the_roles_that_would_give_it_the_narrowest_first()
    {
        IReadOnlyList<string> Roles(RepositoryAction action, RoleAssignmentMode mode) => RegistryPermissions.FromAssignments([], mode).Explain(Name("a"), action).RolesThatAllow;

        Assert.Equal(
            ["Container Registry Repository Reader", "Container Registry Data Importer and Data Reader", "Container Registry Repository Writer", "Container Registry Repository Contributor"],
            Roles(RepositoryAction.ContentRead, AbacRepositoryPermissions));
        Assert.Equal(["AcrDelete", "Owner", "Contributor"], Roles(RepositoryAction.ContentDelete, LegacyRegistryPermissions));
        Assert.Equal("AcrPull", Roles(RepositoryAction.ContentRead, LegacyRegistryPermissions)[0]);
    }

    [Fact]
    public void A_token_hears_what_its_scope_map_lacks_and_of_no_roles()
    {
        Assert.True(ScopeMap.TryParse("teama", "", ["repositories/team-a/*/content/read"], out var map, out _));
        var permissions = RegistryPermissions.FromScopeMap(map);

        Assert.Equal(
            (AccessVerdict.Allowed, "The scope map teama gives ContentRead on team-a/app."), Reason(permissions.Explain(Name("team-a/app"), RepositoryAction.ContentRead)));
        Assert.Equal(
            (AccessVerdict.OtherRepositories, "The scope map teama gives ContentRead on other repositories, but not on team-b/app."),
            Reason(permissions.Explain(Name("team-b/app"), RepositoryAction.ContentRead)));
        var denied = permissions.Explain(Name("team-a/app"), RepositoryAction.ContentWrite);
        Assert.Equal((AccessVerdict.ActionMissing, "The scope map teama gives ContentWrite on no repository."), Reason(denied));
        Assert.Empty(denied.RolesThatAllow);
    }

    [Fact]
    public void An_explanation_agrees_with_the_answer() => Gen.Select(
        Gen.Select(Gen.OneOf([.. BuiltInRoles.All]), Gen.OneOf(null, TeamA, $"{NameAttribute} StringNotEquals 'a'")).Array[0, 4],
        Gen.Enum<RoleAssignmentMode>(), Names, Gen.Enum<RepositoryAction>()).Sample(
        (held, mode, name, action) =>
        {
            var permissions = RegistryPermissions.FromAssignments(held.Select(h => Assigned(h.Item1.Name, h.Item2)), mode);
            var explanation = permissions.Explain(name, action);
            return explanation.IsAllowed == permissions.IsAllowed(name, action)
                && explanation.IsAllowed == explanation.Reasons.Any(reason => reason.Verdict == AccessVerdict.Allowed)
                && (explanation.Reasons.Count == 0 || explanation.IsAllowed == (explanation.Reasons[0].Verdict == AccessVerdict.Allowed))
                && explanation.Reasons.Count == held.Length
                && explanation.RolesThatAllow.All(role => RegistryPermissions.FromAssignments([Assigned(role)], mode).IsAllowed(name, action));
        },
        iter: Effort.Iterations(2_000));

    private static (AccessVerdict Verdict, string Sentence) Reason(AccessExplanation explanation)
    {
        var reason = Assert.Single(explanation.Reasons);
        return (reason.Verdict, reason.Sentence);
    }
}
