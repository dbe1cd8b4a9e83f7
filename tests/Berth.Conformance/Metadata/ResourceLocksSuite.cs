using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Locks of resources.</summary>
public abstract class ResourceLocksSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly ResourceScope Subscription = ResourceScope.OfSubscription("subscription");
    private static readonly ResourceScope Group = ResourceScope.OfResourceGroup("subscription", "Default");
    private static readonly ResourceScope Local = ResourceScope.OfRegistry("subscription", "default", "local");

    [Fact]
    public async Task A_lock_is_made_changed_and_deleted_whatever_the_case_of_its_name()
    {
        var asked = new ResourceLockRecord(Local, "Keep", ResourceLockLevel.CanNotDelete, "why");

        var (outcome, made) = await Store.PutResourceLockAsync(asked, Alice, Token);
        Time.Advance(TimeSpan.FromMinutes(1));
        var (again, changed) = await Store.PutResourceLockAsync(asked with { Name = "KEEP", Level = ResourceLockLevel.ReadOnly, Notes = null }, Alice with { Name = "bob" }, Token);

        Assert.Equal((CreateOutcome.Created, CreateOutcome.Updated), (outcome, again));
        Assert.Equal(asked with { Authorship = new Authorship(Now.AddMinutes(-1), "alice", Now.AddMinutes(-1), "alice") }, made);
        Assert.Equal(
            made! with { Level = ResourceLockLevel.ReadOnly, Notes = null, Authorship = made.Authorship with { UpdatedAt = Now, UpdatedBy = "bob" } }, changed);
        Assert.Equal(changed, await Store.FindResourceLockAsync(Local, "keeP", Token));
        Assert.Null(await Store.FindResourceLockAsync(Group, "keep", Token));
        var last = await LastNumberAsync();
        Assert.Equal(changed, (await Store.PutResourceLockAsync(changed!, Alice, Token)).Record);
        Assert.Empty(await KindsAfterAsync(last));
        Assert.Equal(changed, await Store.DeleteResourceLockAsync(Local, "kEEp", Alice, Token));
        Assert.Null(await Store.DeleteResourceLockAsync(Local, "keep", Alice, Token));
        Assert.Equal([LedgerKinds.ResourceLockDeleted], await KindsAfterAsync(last));
    }

    [Fact]
    public async Task A_lock_is_at_something_that_stands_and_there_are_not_too_many()
    {
        var identity = (await Store.CreateManagedIdentityAsync(new NewManagedIdentity("subscription", "default", "i", "", "{}", "c"), Alice, Token)).Record!;
        foreach (var scope in new[] { Subscription, Group, Local, identity.Scope }) Assert.Equal(CreateOutcome.Created, await LockAsync(scope, "keep"));
        foreach (var absent in new[]
        {
            ResourceScope.Root, ResourceScope.OfSubscription("other"), ResourceScope.OfResourceGroup("other", "default"), ResourceScope.OfResourceGroup("subscription", "none"),
            ResourceScope.OfRegistry("subscription", "default", "none"), ResourceScope.Parse(Local.Value + "/tokens/t"),
        })
            Assert.Equal((absent, CreateOutcome.Unknown), (absent, await LockAsync(absent, "keep")));

        for (var i = 1; i < IResourceLocks.MostLocks; i++) Assert.Equal(CreateOutcome.Created, await LockAsync(Local, $"keep-{i}"));
        Assert.Equal(CreateOutcome.TooMany, await LockAsync(Local, "one-more"));
        Assert.Equal(CreateOutcome.Updated, await LockAsync(Local, "keep-1", ResourceLockLevel.ReadOnly));
        Assert.Equal(CreateOutcome.Created, await LockAsync(Group, "one-more"));
    }

    [Fact]
    public async Task Locks_have_their_effect_downward_by_their_level()
    {
        await LockAsync(Group, "keep");
        Assert.Equal("keep", (await Store.FindLockOverAsync(Local, ResourceLockLevel.CanNotDelete, Token))?.Name);
        Assert.Equal("keep", (await Store.FindLockOverAsync(Group, ResourceLockLevel.CanNotDelete, Token))?.Name);
        Assert.Null(await Store.FindLockOverAsync(Local, ResourceLockLevel.ReadOnly, Token));
        Assert.Null(await Store.FindLockOverAsync(Subscription, ResourceLockLevel.CanNotDelete, Token));
        Assert.Null(await Store.FindLockOverAsync(ResourceScope.OfResourceGroup("subscription", "default-2"), ResourceLockLevel.CanNotDelete, Token));

        await LockAsync(Subscription, "freeze", ResourceLockLevel.ReadOnly);
        Assert.Equal("freeze", (await Store.FindLockOverAsync(Local, ResourceLockLevel.CanNotDelete, Token))?.Name);
        Assert.Equal("freeze", (await Store.FindLockOverAsync(Local, ResourceLockLevel.ReadOnly, Token))?.Name);
    }

    [Fact]
    public async Task Locks_are_listed_at_above_and_below_page_by_page()
    {
        foreach (var (scope, name) in new[] { (Subscription, "s"), (Group, "g2"), (Group, "g1"), (Local, "l") }) await LockAsync(scope, name);

        Assert.Equal(["s", "g1", "g2", "l"], await NamesAsync(Local, ScopeReach.AtOrAbove));
        Assert.Equal(["g1", "g2", "l"], await NamesAsync(Group, ScopeReach.AtOrBelow));
        Assert.Equal(["g1", "g2"], await NamesAsync(Group, ScopeReach.Exact));
        await Assert.ThrowsAsync<FormatException>(async () => await Store.ListResourceLocksAsync(Group, ScopeReach.Exact, "nonsense", 1, Token));

        async Task<IReadOnlyList<string>> NamesAsync(ResourceScope scope, ScopeReach reach) =>
            await WalkAsync(after => Store.ListResourceLocksAsync(scope, reach, after, 1, Token), held => held.Name);
    }

    [Fact]
    public async Task What_a_lock_at_above_or_below_keeps_is_not_deleted()
    {
        var identity = (await Store.CreateManagedIdentityAsync(new NewManagedIdentity("subscription", "default", "i", "", "{}", "c"), Alice, Token)).Record!;
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "empty", "", "{}"), Alice, Token);
        await LockAsync(Local, "keep");
        await LockAsync(identity.Scope, "keep");

        var held = await Assert.ThrowsAsync<ResourceLockedException>(() => Store.DeleteRegistryAsync(Registry, Alice, Token));
        Assert.Equal((Local, "keep"), (held.Lock.Scope, held.Lock.Name));
        await Assert.ThrowsAsync<ResourceLockedException>(() => Store.DeleteResourceGroupAsync("subscription", "default", Alice, Token));
        await Assert.ThrowsAsync<ResourceLockedException>(() => Store.DeletePrincipalAsync(identity.Principal.Id, Alice, Token));
        Assert.NotNull(await Store.FindRegistryByIdAsync(Registry, Token));
        Assert.NotNull(await Store.FindManagedIdentityAsync(identity.Scope, Token));
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteResourceGroupAsync("subscription", "empty", Alice, Token));

        await Store.DeleteResourceLockAsync(Local, "keep", Alice, Token);
        await LockAsync(Subscription, "keep");
        await Assert.ThrowsAsync<ResourceLockedException>(() => Store.DeleteRegistryAsync(Registry, Alice, Token));
        await Store.DeleteResourceLockAsync(Subscription, "keep", Alice, Token);
        Assert.True(await Store.DeleteRegistryAsync(Registry, Alice, Token));
        Assert.Equal(CreateOutcome.Unknown, await LockAsync(Local, "keep"));
    }

    private async Task<CreateOutcome> LockAsync(ResourceScope scope, string name, ResourceLockLevel level = ResourceLockLevel.CanNotDelete) =>
        (await Store.PutResourceLockAsync(new ResourceLockRecord(scope, name, level, null), Alice, Token)).Outcome;
}
