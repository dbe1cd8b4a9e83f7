using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Registries and resource groups as resources, and who may pull without credentials.</summary>
public abstract class RegistriesSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly NewRegistry Second = new("second", "subscription", "DEFAULT", "home", "Premium");

    [Fact]
    public async Task The_installation_begins_with_a_resource_group_and_a_registry_in_it()
    {
        Assert.Equal(new ResourceGroupRecord("subscription", "default", "home", "{}"), await Store.FindResourceGroupAsync("subscription", "Default", Token));
        Assert.Equal(
            new RegistryRecord(Registry, "local", 1)
            {
                SubscriptionId = "subscription",
                ResourceGroup = "default",
                Location = "home",
                Sku = "Premium",
                CreatedAt = Now,
                UpdatedAt = Now,
            },
            await Store.FindRegistryByIdAsync(Registry, Token));
    }

    [Fact]
    public async Task A_registry_is_made_with_its_settings()
    {
        var settings = new RegistryChanges(null, """{"a":"b"}""", true, true, RoleAssignmentMode.AbacRepositoryPermissions, new PropertiesChange("{}", """{"p":1}""", []));

        var (outcome, made) = await Store.CreateRegistryAsync(Second with { Settings = settings }, Alice, Token);

        Assert.Equal(CreateOutcome.Created, outcome);
        Assert.Equal(("second", "default", "home", "Premium"), (made!.Name, made.ResourceGroup, made.Location, made.Sku));
        Assert.Equal((settings.Tags, settings.Properties!.To), (made.Tags, made.Properties));
        Assert.Equal((true, true, RoleAssignmentMode.AbacRepositoryPermissions), (made.AdminUserEnabled, made.AnonymousPullEnabled, made.RoleAssignmentMode));
        Assert.Equal(made, await Store.FindRegistryAsync("second", Token));
        Assert.Equal(ResourceScope.Parse("/subscriptions/SUBSCRIPTION/resourceGroups/Default/providers/Microsoft.ContainerRegistry/registries/Second/"), made.Scope);
        Assert.Equal(new CreateResult<RegistryRecord>(CreateOutcome.Exists, made), await Store.CreateRegistryAsync(Second, Alice, Token));
        Assert.Equal(CreateOutcome.Exists, (await Store.CreateRegistryAsync(Second with { Name = "SECOND" }, Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Unknown, (await Store.CreateRegistryAsync(Second with { Name = "x", ResourceGroup = "none" }, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_change_of_properties_that_began_from_others_changes_nothing()
    {
        var first = new PropertiesChange("{}", """{"rule":"one"}""", [("rule", "one")]);
        var changed = await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Properties: first), Alice, Token);
        Assert.Equal(first.To, changed!.Properties);

        var late = new PropertiesChange("{}", """{"rule":"two"}""", [("rule", "two")]);
        Assert.Equal(changed, await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Sku: "Basic", Properties: late), Alice, Token));

        var records = await Store.ReadLedgerAsync(0, 100, Token);
        Assert.Equal("""{"registry":"local","changed":"rule","rule":"one"}""", records.Last(record => record.Kind == LedgerKinds.RegistryChanged).Payload);
    }

    [Fact]
    public async Task A_change_leaves_what_it_does_not_name()
    {
        var local = await Store.FindRegistryByIdAsync(Registry, Token);
        Time.Advance(TimeSpan.FromMinutes(1));

        var changed = await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Tags: """{"a":"b"}""", Sku: "Basic"), Alice, Token);

        Assert.Equal(local! with { Tags = """{"a":"b"}""", Sku = "Basic", UpdatedAt = Now }, changed);
        Assert.Equal(changed, await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Sku: "Basic"), Alice, Token));
        Assert.Equal(changed, await Store.FindRegistryAsync("local", Token));
        Assert.Null(await Store.UpdateRegistryAsync(Registry + 1, new RegistryChanges(Sku: "Basic"), Alice, Token));
    }

    [Fact]
    public async Task Registries_are_listed_below_a_group_and_below_a_subscription()
    {
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "default-2", "", "{}"), Alice, Token);
        foreach (var (group, name) in new[] { ("default", "b"), ("default", "a"), ("default-2", "c") })
            await Store.CreateRegistryAsync(new NewRegistry(name, "subscription", group, "", ""), Alice, Token);

        Assert.Equal(["a", "b", "local"], await NamesAsync(ResourceScope.OfResourceGroup("subscription", "default")));
        Assert.Equal(["c", "a", "b", "local"], await NamesAsync(ResourceScope.OfSubscription("subscription")));
        Assert.Empty(await NamesAsync(ResourceScope.OfSubscription("sub")));

        async Task<IReadOnlyList<string>> NamesAsync(ResourceScope scope) =>
            await WalkAsync(after => Store.ListRegistriesAsync(scope, after, 1, Token), registry => registry.Name);
    }

    [Fact]
    public async Task A_deleted_registry_is_found_by_nothing_and_its_name_is_free_with_all_below_it()
    {
        await Store.PutScopeMapAsync(new ScopeMapRecord(Registry, "pull", "", ["x"], false), Alice, Token);
        var token = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        var local = (await Store.FindRegistryByIdAsync(Registry, Token))!;
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", local.Scope, "role", user.Id), Alice, Token);
        await PushImageAsync(App, "image", "v1");

        Assert.True(await Store.DeleteRegistryAsync(Registry, Alice, Token));

        Assert.False(await Store.DeleteRegistryAsync(Registry, Alice, Token));
        Assert.Null(await Store.FindRegistryAsync("local", Token));
        Assert.Null(await Store.FindRegistryAsync($"local~{Registry}", Token));
        Assert.Null(await Store.FindRegistryByIdAsync(Registry, Token));
        Assert.Empty((await Store.ListRegistriesAsync(ResourceScope.Root, null, 10, Token)).Items);
        Assert.Null(await Store.FindRoleAssignmentAsync("a1", Token));
        Assert.Null(await Store.FindPrincipalAsync("local/ci", Token));
        Assert.Equal(default, await Store.ReadEpochsAsync(token.Principal.Id, Registry, Token));
        Assert.Equal(default, await Store.ReadAnonymousAccessAsync(Registry, App, Token));

        var again = (await Store.CreateRegistryAsync(Second with { Name = "local" }, Alice, Token)).Record!;
        Assert.True(again.Id > Registry);
        await Store.PutScopeMapAsync(new ScopeMapRecord(again.Id, "pull", "", ["x"], false), Alice, Token);
        Assert.Equal(CreateOutcome.Created, (await Store.PutTokenAsync(again.Id, "ci", "pull", true, Alice, Token)).Outcome);
        Assert.False(await Store.RepositoryExistsAsync(again.Id, App, Token));
        Assert.True(await Store.DeleteRegistryAsync(again.Id, Alice, Token));
    }

    [Fact]
    public async Task A_registry_s_own_identity_is_made_kept_and_deleted_with_all_it_has()
    {
        var local = (await Store.FindRegistryByIdAsync(Registry, Token))!;
        Assert.Null(await OwnOfAsync(local));

        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Identity: true), Alice, Token);
        var made = (await OwnOfAsync(local))!;
        Assert.Equal((PrincipalKind.ManagedIdentity, "local", true, null), (made.Kind, made.DisplayName, made.Enabled, made.RegistryId));
        Assert.Equal(made, await Store.FindPrincipalByClientIdAsync(made.ClientId!, Token));
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Tags: """{"a":"b"}""", Identity: true), Alice, Token);
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Sku: "Basic"), Alice, Token);
        Assert.Equal(made, await OwnOfAsync(local));

        await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", ResourceScope.Root, "role", made.Id), Alice, Token);
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Identity: false), Alice, Token);
        Assert.Null(await OwnOfAsync(local));
        Assert.Null(await Store.FindRoleAssignmentAsync("a1", Token));
        Assert.Equal(0, (await Store.ReadEpochsAsync(made.Id, Registry, Token)).Principal);

        var second = (await Store.CreateRegistryAsync(Second with { Settings = new RegistryChanges(Identity: true) }, Alice, Token)).Record!;
        var its = (await OwnOfAsync(second))!;
        await Store.DeleteRegistryAsync(second.Id, Alice, Token);
        Assert.Null(await Store.FindPrincipalByIdAsync(its.Id, Token));
    }

    [Fact]
    public async Task Identities_are_attached_to_registries_and_listed_with_their_own()
    {
        var local = (await Store.FindRegistryByIdAsync(Registry, Token))!;
        var second = (await Store.CreateRegistryAsync(Second with { Settings = new RegistryChanges(Identity: true) }, Alice, Token)).Record!;
        var third = (await Store.CreateRegistryAsync(Second with { Name = "third" }, Alice, Token)).Record!;
        var (one, two) = (await MakeIdentityAsync("one"), await MakeIdentityAsync("two"));
        var absent = ResourceScope.OfIdentity("subscription", "default", "absent");

        await ChangeAsync(new AttachmentChange(false, [two.Scope, one.Scope, absent], []));
        Assert.Equal([one, two], (await AttachedOfAsync(local)));
        await ChangeAsync(new AttachmentChange(false, [one.Scope], [two.Scope, absent]));
        Assert.Equal([one], await AttachedOfAsync(local));
        await ChangeAsync(new AttachmentChange(true, [two.Scope], []));
        Assert.Equal([two], await AttachedOfAsync(local));
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(Sku: "Basic"), Alice, Token);

        var all = await Store.ListRegistryIdentitiesAsync(local.Scope, third.Scope, Token);
        Assert.Equal([Registry, second.Id], all.Keys.Order());
        Assert.Equal([two], all[Registry].Attached);
        Assert.Null(all[Registry].Own);
        Assert.Equal(await OwnOfAsync(second), all[second.Id].Own);
        Assert.Empty(await Store.ListRegistryIdentitiesAsync(third.Scope, third.Scope, Token));

        // Nothing changes, nothing is recorded.
        var before = (await Store.ReadLedgerAsync(0, 1000, Token)).Count;
        await ChangeAsync(new AttachmentChange(true, [two.Scope], [one.Scope]));
        Assert.Equal(before, (await Store.ReadLedgerAsync(0, 1000, Token)).Count);

        await Store.DeletePrincipalAsync(two.Principal.Id, Alice, Token);
        Assert.Empty(await AttachedOfAsync(local));
        await ChangeAsync(new AttachmentChange(false, [one.Scope], []));
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        var recovered = (await Store.RecoverRegistryAsync(Registry, "local", Alice, Token)).Record!;
        Assert.Empty(await AttachedOfAsync(recovered));
        await Store.DeleteRegistryAsync(Registry, Alice, Token);

        Task ChangeAsync(AttachmentChange change) => Store.UpdateRegistryAsync(Registry, new RegistryChanges(Attached: change), Alice, Token);
    }

    private async Task<PrincipalRecord?> OwnOfAsync(RegistryRecord registry) => (await IdentitiesOfAsync(registry)).Own;

    private async Task<IReadOnlyList<ManagedIdentityRecord>> AttachedOfAsync(RegistryRecord registry) => (await IdentitiesOfAsync(registry)).Attached;

    private async Task<RegistryIdentities> IdentitiesOfAsync(RegistryRecord registry) =>
        (await Store.ListRegistryIdentitiesAsync(registry.Scope, registry.Scope, Token)).GetValueOrDefault(registry.Id, RegistryIdentities.None);

    private async Task<ManagedIdentityRecord> MakeIdentityAsync(string name) =>
        (await Store.CreateManagedIdentityAsync(new NewManagedIdentity("subscription", "default", name, "home", "{}", Guid.NewGuid().ToString()), Alice, Token)).Record!;

    [Fact]
    public async Task A_resource_group_is_made_changed_and_deleted_whatever_the_case_of_its_name()
    {
        var asked = new ResourceGroupRecord("subscription", "Team-A", "home", "{}");

        Assert.Equal(new CreateResult<ResourceGroupRecord>(CreateOutcome.Created, asked), await Store.PutResourceGroupAsync(asked, Alice, Token));

        // It stays where it is, whoever asks for it elsewhere at the same moment.
        var changed = asked with { Name = "team-a", Location = "away", Tags = """{"team":"a"}""" };
        Assert.Equal(
            new CreateResult<ResourceGroupRecord>(CreateOutcome.Updated, asked with { Tags = changed.Tags }), await Store.PutResourceGroupAsync(changed, Alice, Token));
        Assert.Equal(["default", "Team-A"], await WalkAsync(after => Store.ListResourceGroupsAsync("subscription", after, 1, Token), group => group.Name));
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteResourceGroupAsync("subscription", "TEAM-A", Alice, Token));
        Assert.Equal(DeleteOutcome.Unknown, await Store.DeleteResourceGroupAsync("subscription", "team-a", Alice, Token));
    }

    [Fact]
    public async Task Tags_for_a_resource_group_that_was_deleted_meanwhile_do_not_bring_it_back()
    {
        var group = new ResourceGroupRecord("subscription", "Team-A", "home", "{}");
        await Store.PutResourceGroupAsync(group, Alice, Token);
        var scope = ResourceScope.OfResourceGroup("subscription", "team-a");
        var tags = new ResourceTagChange(ResourceTagOperation.Replace, """{"a":"b"}""");
        Assert.Equal(new CreateResult<string>(CreateOutcome.Updated, """{"a":"b"}"""), await Store.ChangeResourceTagsAsync(scope, tags, Alice, Token));
        await Store.DeleteResourceGroupAsync("subscription", "team-a", Alice, Token);
        Assert.Equal(new CreateResult<string>(CreateOutcome.Unknown, null), await Store.ChangeResourceTagsAsync(scope, tags, Alice, Token));
        Assert.Null(await Store.FindResourceGroupAsync("subscription", "team-a", Token));
    }

    [Fact]
    public async Task A_resource_group_is_held_by_what_is_in_it_and_takes_its_assignments_along()
    {
        var group = new ResourceGroupRecord("subscription", "g", "", "{}");
        var scope = ResourceScope.OfResourceGroup("subscription", "g");
        await Store.PutResourceGroupAsync(group, Alice, Token);
        await Store.PutResourceGroupAsync(group with { Name = "g-2" }, Alice, Token);
        await Store.CreateRegistryAsync(new NewRegistry("inside", "subscription", "g-2", "", ""), Alice, Token);
        var identity = (await Store.CreateManagedIdentityAsync(new NewManagedIdentity("subscription", "g", "i", "", "{}", "c"), Alice, Token)).Record!;
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", scope, "role", user.Id), Alice, Token);

        Assert.Equal(DeleteOutcome.Held, await Store.DeleteResourceGroupAsync("subscription", "g-2", Alice, Token));
        Assert.Equal(DeleteOutcome.Held, await Store.DeleteResourceGroupAsync("subscription", "g", Alice, Token));
        await Store.DeletePrincipalAsync(identity.Principal.Id, Alice, Token);
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteResourceGroupAsync("subscription", "g", Alice, Token));
        Assert.Null(await Store.FindRoleAssignmentAsync("a1", Token));
    }

    [Fact]
    public async Task A_registry_s_usage_is_what_it_holds_and_nobody_else_s()
    {
        var second = (await Store.CreateRegistryAsync(Second, Alice, Token)).Record!;
        Assert.Equal(new RegistryUsage(0, 0, 0), await Store.ReadRegistryUsageAsync(Registry, Token));
        await PushImageAsync(App, "image", "v1");
        var once = (await Store.ReadRegistryUsageAsync(Registry, Token)).Bytes;
        Assert.True(once > 0);
        await PushBlobAsync(Other, "config of image");
        await Store.PutScopeMapAsync(new ScopeMapRecord(Registry, "pull", "", ["x"], false), Alice, Token);
        foreach (var name in new[] { "one", "two" }) await Store.PutTokenAsync(Registry, name, "pull", true, Alice, Token);

        Assert.Equal(new RegistryUsage(once, 1, 2), await Store.ReadRegistryUsageAsync(Registry, Token));
        Assert.Equal(new RegistryUsage(0, 0, 0), await Store.ReadRegistryUsageAsync(second.Id, Token));
        await Store.DeleteTokenAsync(Registry, "one", Alice, Token);
        Assert.Equal(new RegistryUsage(once, 1, 1), await Store.ReadRegistryUsageAsync(Registry, Token));
    }

    [Fact]
    public async Task Anonymous_pull_is_a_matter_of_the_registry_and_of_each_repository()
    {
        await PushImageAsync(App, "image", "v1");
        Assert.Equal(new AnonymousAccess(false, false, 1), await Store.ReadAnonymousAccessAsync(Registry, App, Token));

        Assert.True(await Store.SetAnonymousPullAsync(Registry, App, true, Alice, Token));
        Assert.False(await Store.SetAnonymousPullAsync(Registry, Other, true, Alice, Token));

        Assert.Equal(new AnonymousAccess(false, true, 2), await Store.ReadAnonymousAccessAsync(Registry, App, Token));
        Assert.Equal(new AnonymousAccess(false, false, 2), await Store.ReadAnonymousAccessAsync(Registry, Other, Token));
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges(AnonymousPullEnabled: true), Alice, Token);
        Assert.Equal(new AnonymousAccess(true, false, 3), await Store.ReadAnonymousAccessAsync(Registry, RepositoryName.Parse("none"), Token));
        Assert.True(await Store.SetAnonymousPullAsync(Registry, App, false, Alice, Token));
        Assert.Equal(new AnonymousAccess(true, false, 4), await Store.ReadAnonymousAccessAsync(Registry, App, Token));
    }
}
