using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Principals, groups and managed identities.</summary>
public abstract class PrincipalsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_principal_is_found_by_each_of_its_names()
    {
        var asked = new NewPrincipal(PrincipalKind.ServicePrincipal, "pipeline", "The pipeline", Guid.NewGuid().ToString(), "ABCD-client", PasswordHash: null);

        var (outcome, made) = await Store.CreatePrincipalAsync(asked, Alice, Token);

        Assert.Equal(CreateOutcome.Created, outcome);
        Assert.Equal(("pipeline", "The pipeline", asked.ObjectId, "abcd-client"), (made!.Name, made.DisplayName, made.ObjectId, made.ClientId));
        Assert.Equal((PrincipalKind.ServicePrincipal, 1, true, Now), (made.Kind, made.Epoch, made.Enabled, made.CreatedAt));
        Assert.Equal(made, await Store.FindPrincipalAsync("pipeline", Token));
        Assert.Equal(made, await Store.FindPrincipalByIdAsync(made.Id, Token));
        Assert.Equal(made, await Store.FindPrincipalByObjectIdAsync(asked.ObjectId!.ToUpperInvariant(), Token));
        Assert.Equal(made, await Store.FindPrincipalByClientIdAsync("abcd-CLIENT", Token));
    }

    [Theory]
    [InlineData("one", null, null)]
    [InlineData("other", "object-1", null)]
    [InlineData("other", null, "client-1")]
    public async Task A_name_or_id_that_somebody_has_is_refused(string name, string? objectId, string? clientId)
    {
        var first = await CreateAsync(new NewPrincipal(PrincipalKind.User, "one", "One", "object-1", "client-1"));

        var second = await Store.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, name, "", objectId, clientId), Alice, Token);

        Assert.Equal(new CreateResult<PrincipalRecord>(CreateOutcome.Exists, first), second);
    }

    [Fact]
    public async Task The_admin_user_of_a_registry_has_a_name_within_it()
    {
        var admin = await CreateAsync(new NewPrincipal(PrincipalKind.AdminUser, "local", "local", RegistryId: Registry));
        var nowhere = await Store.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.AdminUser, "x", "x", RegistryId: Registry + 1), Alice, Token);

        Assert.Equal(("local/local", Registry), (admin.Name, admin.RegistryId));
        Assert.Equal(new CreateResult<PrincipalRecord>(CreateOutcome.Unknown, null), nowhere);
    }

    [Fact]
    public async Task A_change_that_changes_nothing_writes_nothing()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", "U", PasswordHash: "hash"));
        var last = await LastNumberAsync();

        Assert.Equal(user, await Store.UpdatePrincipalAsync(user.Id, new PrincipalChanges("U", true, "hash"), Alice, Token));

        Assert.Empty(await KindsAfterAsync(last));
        Assert.Null(await Store.UpdatePrincipalAsync(user.Id + 1, new PrincipalChanges("U"), Alice, Token));
    }

    [Fact]
    public async Task A_change_leaves_what_it_does_not_name()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", "U", PasswordHash: "hash"));
        Time.Advance(TimeSpan.FromMinutes(1));

        var renamed = await Store.UpdatePrincipalAsync(user.Id, new PrincipalChanges(DisplayName: "You"), Alice, Token);
        var disabled = await Store.UpdatePrincipalAsync(user.Id, new PrincipalChanges(Enabled: false), Alice, Token);

        Assert.Equal(user with { DisplayName = "You", UpdatedAt = Now }, renamed);
        Assert.Equal(renamed! with { Enabled = false, Epoch = 2 }, disabled);
        Assert.Equal(disabled, await Store.FindPrincipalByIdAsync(user.Id, Token));
    }

    [Fact]
    public async Task The_id_of_a_deleted_principal_is_never_given_again()
    {
        var first = await CreateAsync(new NewPrincipal(PrincipalKind.User, "bob", "Bob"));
        Assert.True(await Store.DeletePrincipalAsync(first.Id, Alice, Token));
        await ReopenAsync();

        var second = await CreateAsync(new NewPrincipal(PrincipalKind.User, "bob", "Bob"));

        Assert.True(second.Id > first.Id);
        Assert.Equal(0, (await Store.ReadEpochsAsync(first.Id, Registry, Token)).Principal);
        Assert.False(await Store.DeletePrincipalAsync(first.Id, Alice, Token));
    }

    [Fact]
    public async Task A_deletion_takes_all_that_belongs_to_the_principal()
    {
        var group = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "g", "G"));
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", "U"));
        await Store.AddMemberAsync(group.Id, user.Id, Alice, Token);
        await Store.PutCredentialAsync(user.Id, new CredentialRecord("k", CredentialKind.Secret, Now), Alice, Token);
        await Store.PutFederatedCredentialAsync(user.Id, new FederatedCredentialRecord("f", "i", "s", ["a"], null), Alice, Token);
        await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", ResourceScope.Root, "role", user.Id), Alice, Token);
        await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a2", ResourceScope.Root, "role", group.Id), Alice, Token);

        Assert.True(await Store.DeletePrincipalAsync(user.Id, Alice, Token));

        Assert.Empty((await Store.ListMembersAsync(group.Id, null, 10, Token)).Items);
        Assert.Empty(await Store.ListCredentialsAsync(user.Id, Token));
        Assert.Empty(await Store.ListFederatedCredentialsAsync(user.Id, Token));
        Assert.Null(await Store.FindRoleAssignmentAsync("a1", Token));
        Assert.NotNull(await Store.FindRoleAssignmentAsync("a2", Token));
        Assert.Null(await Store.FindPrincipalAsync("u", Token));
    }

    [Fact]
    public async Task A_walk_through_the_principals_of_a_kind_meets_each_once()
    {
        for (var i = 0; i < 7; i++) await CreateAsync(new NewPrincipal(PrincipalKind.User, $"u{i}", ""));
        await CreateAsync(new NewPrincipal(PrincipalKind.Group, "u3g", ""));

        var names = await WalkAsync(after => Store.ListPrincipalsAsync(PrincipalKind.User, after, 3, Token), principal => principal.Name);

        Assert.Equal(["u0", "u1", "u2", "u3", "u4", "u5", "u6"], names);
    }

    [Fact]
    public async Task Members_are_added_once_and_removed()
    {
        var group = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "g", "G"));
        var users = new List<PrincipalRecord>();
        for (var i = 0; i < 5; i++) users.Add(await CreateAsync(new NewPrincipal(PrincipalKind.User, $"u{i}", "")));
        foreach (var user in users) Assert.Equal(AddMemberOutcome.Added, await Store.AddMemberAsync(group.Id, user.Id, Alice, Token));

        Assert.Equal(AddMemberOutcome.Present, await Store.AddMemberAsync(group.Id, users[0].Id, Alice, Token));
        Assert.Equal(AddMemberOutcome.Unknown, await Store.AddMemberAsync(users[0].Id, users[1].Id, Alice, Token));
        Assert.Equal(AddMemberOutcome.Unknown, await Store.AddMemberAsync(group.Id, 999, Alice, Token));
        Assert.True(await Store.RemoveMemberAsync(group.Id, users[2].Id, Alice, Token));
        Assert.False(await Store.RemoveMemberAsync(group.Id, users[2].Id, Alice, Token));

        var members = await WalkAsync(after => Store.ListMembersAsync(group.Id, after, 2, Token), member => member.Name);
        Assert.Equal(["u0", "u1", "u3", "u4"], members);
        await Assert.ThrowsAsync<FormatException>(async () => await Store.ListMembersAsync(group.Id, "no key", 2, Token));
    }

    [Fact]
    public async Task Groups_are_found_through_groups_whatever_circles_there_are()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var groups = new List<PrincipalRecord>();
        for (var i = 0; i < 4; i++) groups.Add(await CreateAsync(new NewPrincipal(PrincipalKind.Group, $"g{i}", "")));
        await Store.AddMemberAsync(groups[0].Id, user.Id, Alice, Token);
        await Store.AddMemberAsync(groups[1].Id, groups[0].Id, Alice, Token);
        await Store.AddMemberAsync(groups[2].Id, groups[1].Id, Alice, Token);
        await Store.AddMemberAsync(groups[0].Id, groups[2].Id, Alice, Token);

        var found = await Store.ListGroupsAsync(user.Id, Token);

        Assert.Equal(
            [(groups[0].Id, user.Id), (groups[1].Id, groups[0].Id), (groups[2].Id, groups[1].Id)], found.Select(group => (group.Id, group.Through)));
        Assert.Equal(("g0", groups[0].ObjectId), (found[0].Name, found[0].ObjectId));
        Assert.Equal([groups[1].Id, groups[2].Id], (await Store.ListGroupsAsync(groups[0].Id, Token)).Select(group => group.Id));
    }

    [Fact]
    public async Task A_disabled_group_gives_nothing_nor_do_the_groups_behind_it()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var near = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "near", ""));
        var far = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "far", ""));
        await Store.AddMemberAsync(near.Id, user.Id, Alice, Token);
        await Store.AddMemberAsync(far.Id, near.Id, Alice, Token);

        await Store.UpdatePrincipalAsync(near.Id, new PrincipalChanges(Enabled: false), Alice, Token);

        Assert.Empty(await Store.ListGroupsAsync(user.Id, Token));
    }

    [Fact]
    public async Task A_chain_of_groups_is_followed_to_the_deepest_and_no_further()
    {
        var member = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var user = member.Id;
        for (var i = 0; i < IPrincipals.DeepestGroup + 3; i++)
        {
            var group = await CreateAsync(new NewPrincipal(PrincipalKind.Group, $"g{i}", ""));
            await Store.AddMemberAsync(group.Id, member.Id, Alice, Token);
            member = group;
        }

        Assert.Equal(IPrincipals.DeepestGroup, (await Store.ListGroupsAsync(user, Token)).Count);
    }

    [Fact]
    public async Task A_managed_identity_is_a_principal_and_a_resource()
    {
        var asked = new NewManagedIdentity("subscription", "DEFAULT", "Builder", "home", """{"team":"a"}""", "client-1");

        var (outcome, made) = await Store.CreateManagedIdentityAsync(asked, Alice, Token);

        Assert.Equal(CreateOutcome.Created, outcome);
        Assert.Equal(("subscription", "default", "Builder", "home", asked.Tags), (made!.SubscriptionId, made.ResourceGroup, made.Name, made.Location, made.Tags));
        Assert.Equal((PrincipalKind.ManagedIdentity, "client-1", "Builder"), (made.Principal.Kind, made.Principal.ClientId, made.Principal.DisplayName));
        Assert.Equal(made, await Store.FindManagedIdentityAsync(made.Scope, Token));
        Assert.Equal(made.Principal, await Store.FindPrincipalByClientIdAsync("client-1", Token));
        Assert.Equal(new CreateResult<ManagedIdentityRecord>(CreateOutcome.Exists, made), await Store.CreateManagedIdentityAsync(asked with { Name = "builder" }, Alice, Token));
        Assert.Equal(CreateOutcome.Exists, (await Store.CreateManagedIdentityAsync(asked with { Name = "other" }, Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Unknown, (await Store.CreateManagedIdentityAsync(asked with { ResourceGroup = "none" }, Alice, Token)).Outcome);
        Assert.Equal(made with { Tags = "{}" }, await Store.UpdateManagedIdentityAsync(made.Scope, "{}", Alice, Token));
        Assert.True(await Store.DeletePrincipalAsync(made.Principal.Id, Alice, Token));
        Assert.Null(await Store.FindManagedIdentityAsync(made.Scope, Token));
        Assert.Null(await Store.UpdateManagedIdentityAsync(made.Scope, "{}", Alice, Token));
    }

    [Fact]
    public async Task Managed_identities_are_listed_below_a_group_and_below_a_subscription()
    {
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "default-2", "home", "{}"), Alice, Token);
        foreach (var (group, name) in new[] { ("default", "b"), ("default", "a"), ("default-2", "c") })
            await Store.CreateManagedIdentityAsync(new NewManagedIdentity("subscription", group, name, "", "{}", $"client-{name}"), Alice, Token);

        Assert.Equal(["a", "b"], await NamesAsync(ResourceScope.OfResourceGroup("subscription", "default")));
        Assert.Equal(["c", "a", "b"], await NamesAsync(ResourceScope.OfSubscription("subscription")));
        Assert.Empty(await NamesAsync(ResourceScope.OfSubscription("sub")));

        async Task<IReadOnlyList<string>> NamesAsync(ResourceScope scope) =>
            await WalkAsync(after => Store.ListManagedIdentitiesAsync(scope, after, 1, Token), identity => identity.Name);
    }
}
