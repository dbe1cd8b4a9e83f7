using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Role definitions and assignments.</summary>
public abstract class RolesSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const string Reader = "11111111-0000-0000-0000-000000000000";
    private const string Writer = "22222222-0000-0000-0000-000000000000";

    private static readonly ResourceScope Subscription = ResourceScope.OfSubscription("subscription");
    private static readonly ResourceScope Group = ResourceScope.OfResourceGroup("subscription", "default");
    private static readonly ResourceScope SimilarGroup = ResourceScope.OfResourceGroup("subscription", "default-2");
    private static readonly ResourceScope LaterGroup = ResourceScope.OfResourceGroup("subscription", "default0");
    private static readonly ResourceScope Local = ResourceScope.OfRegistry("subscription", "default", "local");

    [Fact]
    public async Task A_role_is_defined_changed_and_deleted()
    {
        var asked = new RoleDefinitionRecord("ABC-1", "Pusher", "pushes", """["/"]""", """[{"actions":["a"]}]""");

        var (outcome, made) = await Store.PutRoleDefinitionAsync(asked, Alice, Token);
        Time.Advance(TimeSpan.FromMinutes(1));
        var (again, changed) = await Store.PutRoleDefinitionAsync(asked with { Permissions = "[]" }, Alice with { Name = "bob" }, Token);

        Assert.Equal((CreateOutcome.Created, CreateOutcome.Updated), (outcome, again));
        Assert.Equal(asked with { Id = "abc-1", Authorship = new Authorship(Now.AddMinutes(-1), "alice", Now.AddMinutes(-1), "alice") }, made);
        Assert.Equal(made! with { Permissions = "[]", Authorship = made.Authorship with { UpdatedAt = Now, UpdatedBy = "bob" } }, changed);
        Assert.Equal(changed, await Store.FindRoleDefinitionAsync("ABC-1", Token));
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteRoleDefinitionAsync("abc-1", Alice, Token));
        Assert.Equal(DeleteOutcome.Unknown, await Store.DeleteRoleDefinitionAsync("abc-1", Alice, Token));
    }

    [Fact]
    public async Task A_role_keeps_its_name_to_itself_and_is_held_while_it_is_assigned()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var first = (await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord(Reader, "R", "", "[]", "[]"), Alice, Token)).Record!;
        await AssignAsync("a1", Group, Reader, user);

        var second = await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord(Writer, "R", "", "[]", "[]"), Alice, Token);

        Assert.Equal(new CreateResult<RoleDefinitionRecord>(CreateOutcome.Exists, first), second);
        Assert.Equal(DeleteOutcome.Held, await Store.DeleteRoleDefinitionAsync(Reader, Alice, Token));
    }

    [Fact]
    public async Task A_role_stays_assignable_where_it_is_assigned()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var role = new RoleDefinitionRecord(Reader, "R", "", $"[\"{Group.Value}\"]", "[]");
        await Store.PutRoleDefinitionAsync(role, Alice, Token);
        await AssignAsync("a1", Group, Reader, user);

        Assert.Equal(CreateOutcome.Held, (await Store.PutRoleDefinitionAsync(role with { AssignableScopes = $"[\"{Local.Value}\"]" }, Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Updated, (await Store.PutRoleDefinitionAsync(role with { AssignableScopes = "[\"/\"]" }, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task Roles_are_walked_by_name()
    {
        foreach (var name in new[] { "c", "a", "b" }) await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord($"id-{name}", name, "", "[]", "[]"), Alice, Token);

        Assert.Equal(["a", "b", "c"], await WalkAsync(after => Store.ListRoleDefinitionsAsync(after, 2, Token), role => role.Name));
    }

    [Fact]
    public async Task An_assignment_comes_back_as_it_was_put()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, "sp", ""));
        var asked = new RoleAssignmentRecord("A1", Local, Reader.ToUpperInvariant(), user.Id) { Condition = "c", ConditionVersion = "2.0", Description = "d" };

        var (outcome, made) = await Store.PutRoleAssignmentAsync(asked, Alice, Token);

        Assert.Equal(CreateOutcome.Created, outcome);
        Assert.Equal(
            asked with
            {
                Id = "a1",
                RoleDefinitionId = Reader,
                PrincipalKind = PrincipalKind.ServicePrincipal,
                PrincipalObjectId = user.ObjectId,
                Authorship = new Authorship(Now, "alice", Now, "alice"),
            },
            made);
        Assert.Equal(made, await Store.FindRoleAssignmentAsync("A1", Token));
        Assert.Equal(made, await Store.DeleteRoleAssignmentAsync("A1", Alice, Token));
        Assert.Null(await Store.DeleteRoleAssignmentAsync("A1", Alice, Token));
    }

    [Fact]
    public async Task The_same_role_for_the_same_principal_at_the_same_scope_stands_once()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var first = await AssignAsync("a1", Group, Reader, user);

        var same = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a2", Group, Reader, user.Id) { Condition = "c" }, Alice, Token);
        var taken = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", Local, Reader, user.Id), Alice, Token);
        var nobody = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a3", Group, Reader, 999), Alice, Token);

        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Exists, first), same);
        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Exists, first), taken);
        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Unknown, null), nobody);
        Assert.Equal(first, Assert.Single((await Store.ListRoleAssignmentsOfAsync(user.Id, null, 10, Token)).Items));
    }

    [Fact]
    public async Task A_role_that_was_deleted_meanwhile_is_not_assigned()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord("r1", "mine", "", "[\"/\"]", "[]"), Alice, Token);
        var wanted = new RoleAssignmentRecord("a1", Group, "R1", user.Id) { NeedsDefinition = true };
        await Store.DeleteRoleDefinitionAsync("r1", Alice, Token);

        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Unknown, null), await Store.PutRoleAssignmentAsync(wanted, Alice, Token));

        await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord("r1", "mine", "", "[\"/\"]", "[]"), Alice, Token);
        Assert.Equal(CreateOutcome.Created, (await Store.PutRoleAssignmentAsync(wanted, Alice, Token)).Outcome);
        Assert.Equal(DeleteOutcome.Held, await Store.DeleteRoleDefinitionAsync("r1", Alice, Token));
    }

    [Fact]
    public async Task Of_deleting_a_role_and_assigning_it_at_once_one_comes_to_pass()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        for (var i = 0; i < 20; i++)
        {
            await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord($"r{i}", $"mine{i}", "", "[\"/\"]", "[]"), Alice, Token);
            var put = Store.PutRoleAssignmentAsync(new RoleAssignmentRecord($"a{i}", Group, $"r{i}", user.Id) { NeedsDefinition = true }, Alice, Token);
            var deleted = await Store.DeleteRoleDefinitionAsync($"r{i}", Alice, Token);

            Assert.Equal(deleted == DeleteOutcome.Deleted ? CreateOutcome.Unknown : CreateOutcome.Created, (await put).Outcome);
        }
    }

    [Fact]
    public async Task The_condition_of_an_assignment_can_be_changed_and_nothing_else()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var first = await AssignAsync("a1", Group, Reader, user);
        var last = await LastNumberAsync();

        var unchanged = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", Group, Reader, user.Id), Alice, Token);
        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Updated, first), unchanged);
        Assert.Empty(await KindsAfterAsync(last));

        var changed = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord("a1", Group, Reader, user.Id) { Condition = "c" }, Alice, Token);
        Assert.Equal(new CreateResult<RoleAssignmentRecord>(CreateOutcome.Updated, first with { Condition = "c" }), changed);
        Assert.Equal([LedgerKinds.AssignmentSet], await KindsAfterAsync(last));
    }

    [Fact]
    public async Task Assignments_are_listed_at_above_and_below_a_scope()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        await AssignAsync("root", ResourceScope.Root, Reader, user);
        await AssignAsync("sub", Subscription, Reader, user);
        await AssignAsync("group-w", Group, Writer, user);
        await AssignAsync("group-r", Group, Reader, user);
        await AssignAsync("similar", SimilarGroup, Reader, user);
        await AssignAsync("local", Local, Reader, user);
        await AssignAsync("later", LaterGroup, Reader, user);

        Assert.Equal(["group-r", "group-w"], await IdsAsync(Group, ScopeReach.Exact));
        Assert.Equal(["root", "sub", "group-r", "group-w"], await IdsAsync(Group, ScopeReach.AtOrAbove));
        Assert.Equal(["group-r", "group-w", "local"], await IdsAsync(Group, ScopeReach.AtOrBelow));
        Assert.Equal(["root", "sub", "group-r", "group-w", "local"], await IdsAsync(Local, ScopeReach.AtOrAbove));
        Assert.Equal(["root", "sub", "group-r", "group-w", "similar", "local", "later"], await IdsAsync(ResourceScope.Root, ScopeReach.AtOrBelow));
        Assert.Equal(["root"], await IdsAsync(ResourceScope.Root, ScopeReach.AtOrAbove));
        Assert.Equal(["root"], await IdsAsync(ResourceScope.Root, ScopeReach.Exact));
        await Assert.ThrowsAsync<FormatException>(async () => await Store.ListRoleAssignmentsAsync(Group, ScopeReach.Exact, "[1,2]", 1, Token));

        async Task<IReadOnlyList<string>> IdsAsync(ResourceScope scope, ScopeReach reach) =>
            await WalkAsync(after => Store.ListRoleAssignmentsAsync(scope, reach, after, 1, Token), assignment => assignment.Id);
    }

    [Fact]
    public async Task The_assignments_of_one_principal_are_walked_by_scope_and_role()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var other = await CreateAsync(new NewPrincipal(PrincipalKind.User, "o", ""));
        await AssignAsync("c", Local, Reader, user);
        await AssignAsync("b", Group, Writer, user);
        await AssignAsync("a", Group, Reader, user);
        await AssignAsync("d", Group, Reader, other);

        Assert.Equal(["a", "b", "c"], await WalkAsync(after => Store.ListRoleAssignmentsOfAsync(user.Id, after, 1, Token), assignment => assignment.Id));
    }

    [Fact]
    public async Task One_read_finds_what_any_of_the_principals_has_at_any_of_the_scopes()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", ""));
        var group = await CreateAsync(new NewPrincipal(PrincipalKind.Group, "g", ""));
        var other = await CreateAsync(new NewPrincipal(PrincipalKind.User, "o", ""));
        await Store.PutRoleDefinitionAsync(new RoleDefinitionRecord(Writer, "W", "", "[]", """[{"dataActions":["*"]}]"""), Alice, Token);
        var direct = await AssignAsync("direct", Local, Writer, user);
        var byGroup = await AssignAsync("by-group", Group, Reader, group);
        await AssignAsync("elsewhere", SimilarGroup, Reader, user);
        await AssignAsync("of-another", Local, Reader, other);

        var granted = await Store.FindGrantedRolesAsync([user.Id, group.Id], Local.SelfAndAbove(), Token);

        Assert.Equal(
            [new GrantedRole(byGroup, null), new GrantedRole(direct, """[{"dataActions":["*"]}]""") { RoleName = "W" }],
            granted.OrderBy(role => role.Assignment.Id));
        Assert.Empty(await Store.FindGrantedRolesAsync([], Local.SelfAndAbove(), Token));
        Assert.Empty(await Store.FindGrantedRolesAsync([user.Id], [], Token));
    }

    private async Task<RoleAssignmentRecord> AssignAsync(string id, ResourceScope scope, string role, PrincipalRecord principal)
    {
        var (outcome, made) = await Store.PutRoleAssignmentAsync(new RoleAssignmentRecord(id, scope, role, principal.Id), Alice, Token);
        Assert.Equal(CreateOutcome.Created, outcome);
        return made!;
    }
}
