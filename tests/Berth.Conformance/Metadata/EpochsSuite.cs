using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Which security epochs each change of rights raises, and what it leaves in the ledger.</summary>
public abstract class EpochsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const string Secret = "a secret that nobody else knows";
    private const int None = 0;
    private const int One = 1;

    private static readonly ResourceScope Local = ResourceScope.OfRegistry("subscription", "default", "local");
    private static readonly ResourceScope Elsewhere = ResourceScope.OfRegistry("subscription", "default-2", "elsewhere");

    private PrincipalRecord _user = null!;
    private PrincipalRecord _group = null!;
    private long _elsewhere;

    [Fact]
    public async Task What_happens_to_a_principal_raises_its_epoch()
    {
        await BeginAsync();
        await ExpectAsync(One, None, None, () => UpdateAsync(_user, new PrincipalChanges(PasswordHash: Secret)), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, None, None, () => UpdateAsync(_user, new PrincipalChanges(DisplayName: "You")), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, None, None, () => PutSecretAsync("k1"), LedgerKinds.CredentialSet);
        await ExpectAsync(One, None, None, () => PutSecretAsync("k2"), LedgerKinds.CredentialSet);
        await ExpectAsync(One, None, None, () => Store.RemoveCredentialAsync(_user.Id, "k2", Alice, Token), LedgerKinds.CredentialRemoved);
        await ExpectAsync(None, None, None, () => Store.RemoveCredentialAsync(_user.Id, "k2", Alice, Token));
        await ExpectAsync(None, None, None, () => FederateAsync("s1"), LedgerKinds.FederationSet);
        await ExpectAsync(None, None, None, () => FederateAsync("s1"));
        await ExpectAsync(One, None, None, () => FederateAsync("s2"), LedgerKinds.FederationSet);
        await ExpectAsync(One, None, None, () => Store.RemoveFederatedCredentialAsync(_user.Id, "f", Alice, Token), LedgerKinds.FederationRemoved);
        await ExpectAsync(None, None, None, () => Store.RecordCredentialUsesAsync([new CredentialUse(_user.Id, "k1", Now)], Token));

        var before = (await Store.FindPrincipalByIdAsync(_user.Id, Token))!.Epoch;
        await UpdateAsync(_user, new PrincipalChanges(Enabled: false));
        Assert.Equal(0, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
        await UpdateAsync(_user, new PrincipalChanges(Enabled: true));
        Assert.Equal(before + 2, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
        await Store.DeletePrincipalAsync(_user.Id, Alice, Token);
        Assert.Equal(0, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
    }

    [Fact]
    public async Task A_group_s_change_raises_the_epoch_of_every_registry()
    {
        await BeginAsync();
        await ExpectAsync(None, One, One, () => Store.AddMemberAsync(_group.Id, _user.Id, Alice, Token), LedgerKinds.MemberAdded);
        await ExpectAsync(None, None, None, () => Store.AddMemberAsync(_group.Id, _user.Id, Alice, Token));
        await ExpectAsync(None, None, None, () => UpdateAsync(_group, new PrincipalChanges(DisplayName: "Us")), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, One, One, () => UpdateAsync(_group, new PrincipalChanges(Enabled: false)), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, One, One, () => Store.RemoveMemberAsync(_group.Id, _user.Id, Alice, Token), LedgerKinds.MemberRemoved);
        await ExpectAsync(None, None, None, () => Store.RemoveMemberAsync(_group.Id, _user.Id, Alice, Token));
        await ExpectAsync(None, One, One, () => Store.DeletePrincipalAsync(_group.Id, Alice, Token), LedgerKinds.PrincipalDeleted);
    }

    [Fact]
    public async Task An_assignment_raises_the_epoch_of_the_registries_that_its_scope_holds_or_is_within()
    {
        await BeginAsync();
        (ResourceScope Scope, int OfLocal, int OfElsewhere)[] scopes =
        [
            (ResourceScope.Root, One, One), (ResourceScope.OfSubscription("subscription"), One, One), (ResourceScope.OfSubscription("other"), None, None),
            (ResourceScope.OfResourceGroup("subscription", "default"), One, None), (ResourceScope.OfResourceGroup("subscription", "default-2"), None, One),
            (Local, One, None), (Elsewhere, None, One), (ResourceScope.Parse($"{Local}/repositories/app"), One, None),
            (ResourceScope.Parse($"{Local}2"), None, None),
            (ResourceScope.Parse("/providers/Microsoft.Management/managementGroups/all"), One, One),
        ];
        foreach (var (scope, local, elsewhere) in scopes)
        {
            await ExpectAsync(None, local, elsewhere, () => AssignAsync(scope, null), LedgerKinds.AssignmentSet);
            await ExpectAsync(None, local, elsewhere, () => AssignAsync(scope, "c"), LedgerKinds.AssignmentSet);
            await ExpectAsync(None, None, None, () => AssignAsync(scope, "c"));
            await ExpectAsync(None, local, elsewhere, () => Store.DeleteRoleAssignmentAsync("a1", Alice, Token), LedgerKinds.AssignmentDeleted);
        }
    }

    [Fact]
    public async Task A_role_s_change_raises_the_epoch_of_every_registry()
    {
        await BeginAsync();
        var role = new RoleDefinitionRecord("r1", "R", "", "[]", "[]");
        await ExpectAsync(None, One, One, () => Store.PutRoleDefinitionAsync(role, Alice, Token), LedgerKinds.RoleSet);
        await ExpectAsync(None, None, None, () => Store.PutRoleDefinitionAsync(role, Alice, Token));
        await ExpectAsync(None, One, One, () => Store.PutRoleDefinitionAsync(role with { Permissions = "[1]" }, Alice, Token), LedgerKinds.RoleSet);
        await ExpectAsync(None, One, One, () => Store.DeleteRoleDefinitionAsync("r1", Alice, Token), LedgerKinds.RoleDeleted);
    }

    [Fact]
    public async Task A_scope_map_s_change_raises_its_registry_s_epoch_and_a_token_s_its_own()
    {
        await BeginAsync();
        var map = new ScopeMapRecord(Registry, "m", "", ["x"], false);
        await ExpectAsync(None, None, None, () => Store.PutScopeMapAsync(map, Alice, Token), LedgerKinds.ScopeMapSet);
        await ExpectAsync(None, None, None, () => Store.PutScopeMapAsync(map, Alice, Token));
        await ExpectAsync(None, One, None, () => Store.PutScopeMapAsync(map with { Actions = ["y"] }, Alice, Token), LedgerKinds.ScopeMapSet);
        await Store.PutScopeMapAsync(map with { Name = "m2" }, Alice, Token);
        await ExpectAsync(None, None, None, () => Store.PutTokenAsync(Registry, "t", "m", true, Alice, Token), LedgerKinds.TokenSet);
        _user = (await Store.FindTokenAsync(Registry, "t", Token))!.Token.Principal;
        await ExpectAsync(None, None, None, () => Store.PutTokenAsync(Registry, "t", "m", true, Alice, Token));
        await ExpectAsync(One, None, None, () => Store.PutTokenAsync(Registry, "t", "m2", true, Alice, Token), LedgerKinds.TokenSet);
        await Store.PutTokenAsync(Registry, "t", "m2", false, Alice, Token);
        Assert.Equal(0, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
        await Store.PutTokenAsync(Registry, "t", "m2", true, Alice, Token);
        Assert.Equal(4, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
        await Store.DeleteTokenAsync(Registry, "t", Alice, Token);
        Assert.Equal(0, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Principal);
        await ExpectAsync(None, None, None, () => Store.DeleteScopeMapAsync(Registry, "m", Alice, Token), LedgerKinds.ScopeMapDeleted);
    }

    [Fact]
    public async Task A_registry_s_settings_raise_its_epoch_where_they_are_about_rights()
    {
        await BeginAsync();
        await PushImageAsync(App, "image", "v1");
        await ExpectAsync(None, One, None, () => ChangeAsync(new RegistryChanges(AdminUserEnabled: true)), LedgerKinds.RegistryChanged);
        await ExpectAsync(None, One, None, () => ChangeAsync(new RegistryChanges(AnonymousPullEnabled: true)), LedgerKinds.RegistryChanged);
        await ExpectAsync(None, One, None, () => ChangeAsync(new RegistryChanges(RoleAssignmentMode: RoleAssignmentMode.AbacRepositoryPermissions)), LedgerKinds.RegistryChanged);
        await ExpectAsync(None, One, None, () => ChangeAsync(new RegistryChanges(Properties: new PropertiesChange("{}", """{"a":1}""", []))), LedgerKinds.RegistryChanged);
        await ExpectAsync(None, None, None, () => ChangeAsync(new RegistryChanges(Tags: """{"a":"1"}""")), LedgerKinds.RegistryChanged);
        await ExpectAsync(None, None, None, () => ChangeAsync(new RegistryChanges(AdminUserEnabled: true)));
        await ExpectAsync(None, One, None, () => Store.SetAnonymousPullAsync(Registry, App, true, Alice, Token), LedgerKinds.RepositoryChanged);
        await ExpectAsync(None, None, None, () => Store.SetAnonymousPullAsync(Registry, App, true, Alice, Token));
        await AssignAsync(Local, null);
        var last = await LastNumberAsync();
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.Equal([LedgerKinds.AssignmentDeleted, LedgerKinds.RegistryDeleted], await KindsAfterAsync(last));
        Assert.Equal(0, (await Store.ReadEpochsAsync(_user.Id, Registry, Token)).Registry);
        Assert.NotEqual(0, (await Store.ReadEpochsAsync(_user.Id, _elsewhere, Token)).Registry);
    }

    [Fact]
    public async Task Making_something_raises_no_epoch_and_leaves_one_record()
    {
        await BeginAsync();
        var identity = new NewManagedIdentity("subscription", "default", "i", "", "{}", "c");
        await ExpectAsync(None, None, None, () => Store.CreateManagedIdentityAsync(identity, Alice, Token), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, None, None, () => Store.CreateManagedIdentityAsync(identity, Alice, Token));
        var scope = ResourceScope.OfIdentity("subscription", "default", "i");
        await ExpectAsync(None, None, None, () => Store.UpdateManagedIdentityAsync(scope, """{"a":"b"}""", Alice, Token), LedgerKinds.PrincipalChanged);
        await ExpectAsync(None, None, None, () => CreateAsync(new NewPrincipal(PrincipalKind.User, "new", "", PasswordHash: Secret)), LedgerKinds.PrincipalChanged);
        var group = new ResourceGroupRecord("subscription", "g", "", "{}");
        await ExpectAsync(None, None, None, () => Store.PutResourceGroupAsync(group, Alice, Token), LedgerKinds.ResourceGroupSet);
        await ExpectAsync(None, None, None, () => Store.PutResourceGroupAsync(group, Alice, Token));
        await ExpectAsync(
            None, None, None, () => Store.CreateRegistryAsync(new NewRegistry("r", "subscription", "g", "", ""), Alice, Token), LedgerKinds.RegistryCreated);
        await Store.DeleteRegistryAsync((await Store.FindRegistryAsync("r", Token))!.Id, Alice, Token);
        await ExpectAsync(None, None, None, () => Store.DeleteResourceGroupAsync("subscription", "g", Alice, Token), LedgerKinds.ResourceGroupDeleted);
        await ExpectAsync(None, None, None, () => Store.AddGrantAsync(new GrantRecord("k", [1], null, "s", "{}", 0, Now.AddDays(1)), Token));
    }

    [Fact]
    public async Task A_record_names_what_was_changed()
    {
        await BeginAsync();
        await UpdateAsync(_user, new PrincipalChanges(Enabled: false, PasswordHash: Secret));
        await PutSecretAsync("k1");

        var records = (await Store.ReadLedgerAsync(0, 1000, Token)).TakeLast(2).ToList();

        Assert.Equal($$"""{"principal":"user","objectId":"{{_user.ObjectId}}","kind":"user","changed":"disabled,password"}""", records[0].Payload);
        Assert.Equal($$"""{"principal":"user","objectId":"{{_user.ObjectId}}","keyId":"k1","slot":"password1"}""", records[1].Payload);
        Assert.Equal((Alice.Name, Alice.Address, Alice.RequestId), (records[1].Actor, records[1].Address, records[1].RequestId));
    }

    private async Task BeginAsync()
    {
        _user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "user", "User"));
        _group = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "group", "Group"));
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "default-2", "", "{}"), Alice, Token);
        _elsewhere = (await Store.CreateRegistryAsync(new NewRegistry("elsewhere", "subscription", "default-2", "", ""), Alice, Token)).Record!.Id;
    }

    private Task<PrincipalRecord?> UpdateAsync(PrincipalRecord principal, PrincipalChanges changes) => Store.UpdatePrincipalAsync(principal.Id, changes, Alice, Token);

    private Task<RegistryRecord?> ChangeAsync(RegistryChanges changes) => Store.UpdateRegistryAsync(Registry, changes, Alice, Token);

    private Task<CreateOutcome> PutSecretAsync(string keyId) => Store.PutCredentialAsync(
        _user.Id,
        new CredentialRecord(keyId, CredentialKind.Secret, Now)
        {
            Slot = "password1",
            Hint = Secret[..9],
            SecretHash = Content(Secret),
            ProtectedSecret = Content(Secret),
        },
        Alice,
        Token);

    private Task<CreateOutcome> FederateAsync(string subject) => Store.PutFederatedCredentialAsync(
        _user.Id, new FederatedCredentialRecord("f", "https://issuer", subject, ["a"], null), Alice, Token);

    private Task<CreateResult<RoleAssignmentRecord>> AssignAsync(ResourceScope scope, string? condition) => Store.PutRoleAssignmentAsync(
        new RoleAssignmentRecord("a1", scope, "role", _user.Id) { Condition = condition }, Alice, Token);

    private async Task ExpectAsync(int user, int local, int elsewhere, Func<Task> change, params string[] kinds)
    {
        var last = await LastNumberAsync();
        var before = await ReadAsync();
        await change();
        var after = await ReadAsync();
        Assert.Equal((user, local, elsewhere), (after.User - before.User, after.Local - before.Local, after.Elsewhere - before.Elsewhere));
        Assert.Equal(kinds, await KindsAfterAsync(last));
        foreach (var record in await Store.ReadLedgerAsync(last, 100, Token))
        {
            Assert.DoesNotContain(Secret[..9], record.ToString(), StringComparison.Ordinal);
            Assert.False(string.IsNullOrEmpty(record.Payload), record.Kind);
        }
    }

    /// <summary>The epochs as a request reads them; the registries' are those of their records, too.</summary>
    private async Task<(long User, long Local, long Elsewhere)> ReadAsync()
    {
        var (here, there) = (await Store.ReadEpochsAsync(_user.Id, Registry, Token), await Store.ReadEpochsAsync(_user.Id, _elsewhere, Token));
        Assert.Equal(here.Registry, (await Store.FindRegistryByIdAsync(Registry, Token))!.Epoch);
        Assert.Equal(here.Registry, (await Store.ReadAnonymousAccessAsync(Registry, App, Token)).Epoch);
        return (here.Principal, here.Registry, there.Registry);
    }
}
