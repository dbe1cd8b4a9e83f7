using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using static Berth.Metadata.RoleAssignmentMode;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class RegistryPermissionsTests
{
    private static readonly string TeamA = Narrowed("StringStartsWith 'team-a/'", "content/read", "content/write", "metadata/read", "metadata/write");

    [Fact]
    public void Nothing_is_allowed_that_nothing_gives()
    {
        foreach (var permissions in (RegistryPermissions[])[RegistryPermissions.None, RegistryPermissions.FromAssignments([], LegacyRegistryPermissions)])
        {
            Assert.All(Enum.GetValues<RepositoryAction>(), action => Assert.True(permissions.Repositories(action).IsEmpty));
            Assert.Equal([RegistryAction.SignIn], Enum.GetValues<RegistryAction>().Where(permissions.MayUse));
            Assert.False(permissions.MayControl(Actions + "read"));
        }
    }

    [Fact]
    public void A_writer_with_a_condition_pushes_where_it_holds()
    {
        var permissions = RegistryPermissions.FromAssignments([Assigned("Container Registry Repository Writer", TeamA)], AbacRepositoryPermissions);

        Assert.Equal([new NameRange("team-a/", "team-a0")], permissions.Repositories(RepositoryAction.ContentWrite).Ranges);
        Assert.True(permissions.IsAllowed(Name("team-a/app"), RepositoryAction.ContentRead));
        Assert.False(permissions.IsAllowed(Name("team-ab/app"), RepositoryAction.ContentWrite));
        Assert.False(permissions.IsAllowed(Name("team-a/app"), RepositoryAction.ContentDelete));
        Assert.False(permissions.MayUse(RegistryAction.CatalogRead));
    }

    [Fact]
    public void A_condition_that_does_not_name_an_action_leaves_it_everywhere()
    {
        var permissions = RegistryPermissions.FromAssignments(
            [Assigned("Container Registry Repository Writer", Narrowed("StringStartsWith 'team-a/'", "content/read"))], AbacRepositoryPermissions);

        Assert.False(permissions.IsAllowed(Name("x"), RepositoryAction.ContentRead));
        Assert.True(permissions.IsAllowed(Name("x"), RepositoryAction.ContentWrite));
    }

    [Fact]
    public void Assignments_add_up_and_each_keeps_its_own_condition()
    {
        var permissions = RegistryPermissions.FromAssignments(
            [
                Assigned("Container Registry Repository Writer", TeamA),
                Assigned("Container Registry Repository Reader", $"{NameAttribute} StringEquals 'public/tool'"),
                Assigned("Container Registry Repository Catalog Lister"),
            ],
            AbacRepositoryPermissions);

        Assert.Equal(2, permissions.Repositories(RepositoryAction.ContentRead).Ranges.Count);
        Assert.True(permissions.IsAllowed(Name("public/tool"), RepositoryAction.ContentRead));
        Assert.False(permissions.IsAllowed(Name("public/tool"), RepositoryAction.ContentWrite));
        Assert.True(permissions.MayUse(RegistryAction.CatalogRead));
    }

    [Fact]
    public void In_legacy_mode_an_assignment_with_a_condition_gives_nothing_on_what_is_stored()
    {
        foreach (var role in (string[])["AcrPush", "Owner", "Container Registry Data Importer and Data Reader"])
        {
            var permissions = RegistryPermissions.FromAssignments([Assigned(role, TeamA)], LegacyRegistryPermissions);
            Assert.All(Enum.GetValues<RepositoryAction>(), action => Assert.True(permissions.Repositories(action).IsEmpty));
            Assert.False(permissions.MayUse(RegistryAction.CatalogRead));
        }
    }

    [Fact]
    public void A_right_on_the_whole_registry_needs_a_condition_that_holds_everywhere()
    {
        RegistryPermissions With(string role, string condition) => RegistryPermissions.FromAssignments([Assigned(role, condition)], AbacRepositoryPermissions);

        Assert.True(With("Container Registry Repository Catalog Lister", TeamA).MayUse(RegistryAction.CatalogRead));
        Assert.False(With("Container Registry Repository Catalog Lister", $"{NameAttribute} StringStartsWith 'team-a/'").MayUse(RegistryAction.CatalogRead));
        Assert.True(With("Owner", TeamA).MayControl(Actions + "write"));
        Assert.False(With("Owner", $"{NameAttribute} StringStartsWith 'team-a/'").MayControl(Actions + "write"));
    }

    [Fact]
    public void Restoring_needs_that_one_may_push_and_delete_there()
    {
        RegistryPermissions With(string condition) =>
            RegistryPermissions.FromAssignments([Assigned("Container Registry Repository Contributor", condition)], AbacRepositoryPermissions);

        Assert.False(With(Narrowed("StringEquals 'a'", "content/write")).IsAllowed(Name("b"), RepositoryAction.DeletedRestore));
        Assert.False(With(Narrowed("StringEquals 'a'", "content/delete")).IsAllowed(Name("b"), RepositoryAction.DeletedRestore));
        Assert.True(With(Narrowed("StringEquals 'a'", "content/read")).IsAllowed(Name("b"), RepositoryAction.DeletedRestore));
        Assert.False(With(Narrowed("StringEquals 'a'", "metadata/delete")).IsAllowed(Name("b"), RepositoryAction.DeletedRead));
        Assert.False(With(Narrowed("StringEquals 'a'", "metadata/read")).IsAllowed(Name("b"), RepositoryAction.DeletedRead));
    }

    [Fact]
    public void A_scope_map_gives_its_lines_and_no_catalog()
    {
        Assert.True(ScopeMap.TryParse("teama", "", ["repositories/team-a/*/content/read", "repositories/public/tool/content/read", "repositories/public/tool/metadata/read"], out var map, out _));
        var permissions = RegistryPermissions.FromScopeMap(map);

        Assert.True(permissions.IsAllowed(Name("team-a/app"), RepositoryAction.ContentRead));
        Assert.True(permissions.IsAllowed(Name("public/tool"), RepositoryAction.ContentRead));
        Assert.False(permissions.IsAllowed(Name("team-b/app"), RepositoryAction.ContentRead));
        Assert.False(permissions.IsAllowed(Name("team-a/app"), RepositoryAction.MetadataRead));
        Assert.False(permissions.IsAllowed(Name("team-a/app"), RepositoryAction.ContentWrite));
        Assert.False(permissions.MayUse(RegistryAction.CatalogRead));
    }

    [Fact]
    public void The_admin_account_does_everything_on_what_is_stored_and_nothing_on_the_control_plane()
    {
        Assert.All(Enum.GetValues<RepositoryAction>(), action => Assert.True(RegistryPermissions.Admin.Repositories(action).IsAll));
        Assert.Equal(
            [RegistryAction.TagRulesWrite, RegistryAction.TagRulesDelete, RegistryAction.QuarantineRead, RegistryAction.QuarantineWrite], Enum.GetValues<RegistryAction>().Where(action => !RegistryPermissions.Admin.MayUse(action)));
        Assert.All(Enum.GetValues<RegistryAction>(), action => Assert.True(RegistryPermissions.Owner.MayUse(action)));
        Assert.False(RegistryPermissions.Admin.MayControl(Actions + "write"));
    }

    [Fact]
    public void Anonymous_pull_reads_the_public_repositories_and_nothing_else()
    {
        var permissions = RegistryPermissions.FromAnonymousPull(NameSet.Of(Name("public/tool")));

        var allowed = Enum.GetValues<RepositoryAction>().Where(action => permissions.IsAllowed(Name("public/tool"), action));
        Assert.Equal([RepositoryAction.ContentRead, RepositoryAction.MetadataRead], allowed);
        Assert.False(permissions.IsAllowed(Name("secret/plan"), RepositoryAction.ContentRead));
        Assert.False(permissions.MayUse(RegistryAction.CatalogRead));
    }

    [Fact]
    public void A_union_allows_what_one_of_them_allows()
    {
        var assigned = RegistryPermissions.FromAssignments([Assigned("Container Registry Repository Writer", TeamA)], AbacRepositoryPermissions);
        var union = RegistryPermissions.Union(RegistryPermissions.FromAnonymousPull(NameSet.Of(Name("public/tool"))), assigned);

        Assert.True(union.IsAllowed(Name("public/tool"), RepositoryAction.ContentRead));
        Assert.True(union.IsAllowed(Name("team-a/app"), RepositoryAction.ContentWrite));
        Assert.False(union.IsAllowed(Name("public/tool"), RepositoryAction.ContentWrite));
        Assert.Equal(AbacRepositoryPermissions, union.Mode);
    }

    [Fact]
    public void Excluded_actions_are_taken_out_of_their_own_role_alone()
    {
        var allButPush = new RoleDefinition(Guid.NewGuid(), "all but push", "", false, ["/"], [new([], [], ["*"], ["*/content/write"])]);
        var narrow = new RoleAssignment("1", "/", allButPush, null);

        Assert.False(RegistryPermissions.FromAssignments([narrow], AbacRepositoryPermissions).IsAllowed(Name("a"), RepositoryAction.ContentWrite));
        Assert.True(RegistryPermissions.FromAssignments([narrow, Assigned("Container Registry Repository Writer")], AbacRepositoryPermissions)
            .IsAllowed(Name("a"), RepositoryAction.ContentWrite));
    }
}
