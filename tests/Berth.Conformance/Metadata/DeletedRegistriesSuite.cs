using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Deleted registries: recovered within their time, or deleted for good.</summary>
public abstract class DeletedRegistriesSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_deleted_registry_is_found_listed_and_recovered_once()
    {
        await FillAsync();
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        var key = $"local~{Registry}";
        var expected = new DeletedRegistryRecord(Registry, key, "subscription", "default", "home", "Premium", Now, Now.AddDays(IDeletedRegistries.KeptDays));
        Assert.Equal(expected, await Store.FindDeletedRegistryAsync(key, Token));
        Assert.Equal("local", expected.Name);
        Assert.Null(await Store.FindDeletedRegistryAsync("local", Token));
        Assert.Equal([key], await WalkAsync(after => Store.ListDeletedRegistriesAsync(after, 1, Token), deleted => deleted.Key));
        var last = await LastNumberAsync();

        var (outcome, recovered) = await Store.RecoverRegistryAsync(Registry, "local", Alice, Token);

        Assert.Equal((CreateOutcome.Created, Registry, "local"), (outcome, recovered!.Id, recovered.Name));
        Assert.Equal(recovered, await Store.FindRegistryAsync("local", Token));
        Assert.Equal(ResourceScope.OfRegistry("subscription", "default", "local"), (await Store.ListRegistriesAsync(ResourceScope.Root, null, 10, Token)).Items[0].Scope);
        Assert.NotNull(await FindAsync(App, "v1"));
        Assert.Equal(CreateOutcome.Unknown, (await Store.RecoverRegistryAsync(Registry, "local", Alice, Token)).Outcome);
        Assert.Null(await Store.FindDeletedRegistryAsync(key, Token));
        Assert.Equal([LedgerKinds.RegistryRecovered], await KindsAfterAsync(last));
    }

    [Fact]
    public async Task Its_accounts_come_back_as_they_were_under_the_name_that_it_gets()
    {
        await FillAsync();
        var on = (await Store.FindTokenAsync(Registry, "on", Token))!.Token.Principal;
        var admin = await CreateAsync(new NewPrincipal(PrincipalKind.AdminUser, "admin", "local", RegistryId: Registry));
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.False((await Store.FindPrincipalByIdAsync(on.Id, Token))!.Enabled);

        await Store.RecoverRegistryAsync(Registry, "other", Alice, Token);

        var back = (await Store.FindTokenAsync(Registry, "on", Token))!.Token.Principal;
        Assert.Equal((on.Id, "other/on", true), (back.Id, back.Name, back.Enabled));
        Assert.True(back.Epoch > on.Epoch + 1);
        Assert.False((await Store.FindTokenAsync(Registry, "off", Token))!.Token.Principal.Enabled);
        var adminBack = (await Store.FindPrincipalAsync("other/admin", Token))!;
        Assert.Equal((admin.Id, "other", true), (adminBack.Id, adminBack.DisplayName, adminBack.Enabled));
        Assert.Null(await Store.FindPrincipalAsync("local/on", Token));
    }

    [Fact]
    public async Task It_is_not_recovered_under_a_taken_name_without_its_group_or_after_its_time()
    {
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "g", "", "{}"), Alice, Token);
        var second = (await Store.CreateRegistryAsync(new NewRegistry("second", "subscription", "g", "", ""), Alice, Token)).Record!;
        await Store.DeleteRegistryAsync(second.Id, Alice, Token);

        Assert.Equal(CreateOutcome.Exists, (await Store.RecoverRegistryAsync(second.Id, "local", Alice, Token)).Outcome);
        await Store.DeleteResourceGroupAsync("subscription", "g", Alice, Token);
        Assert.Equal(CreateOutcome.Held, (await Store.RecoverRegistryAsync(second.Id, "second", Alice, Token)).Outcome);
        await Store.PutResourceGroupAsync(new ResourceGroupRecord("subscription", "G", "", "{}"), Alice, Token);
        Time.Advance(TimeSpan.FromDays(IDeletedRegistries.KeptDays));
        Assert.Equal(CreateOutcome.Unknown, (await Store.RecoverRegistryAsync(second.Id, "second", Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Unknown, (await Store.RecoverRegistryAsync(Registry, "local", Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_purge_begins_when_it_is_due_or_asked_for_and_ends_when_nothing_is_left()
    {
        await FillAsync();
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Time.Advance(TimeSpan.FromDays(IDeletedRegistries.KeptDays).Subtract(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(0, await Store.BeginDuePurgesAsync(10, Token));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await Store.BeginDuePurgesAsync(10, Token));
        Assert.Equal(0, await Store.BeginDuePurgesAsync(10, Token));
        Assert.Equal([Registry], await Store.ListPurgingAsync(0, 10, Token));
        Assert.False(await Store.BeginPurgeAsync(Registry, Alice, Token));
        Assert.Empty((await Store.ListDeletedRegistriesAsync(null, 10, Token)).Items);

        Assert.False(await Store.EndPurgeAsync(Registry, Token));
        for (RepositoryDeletionCursor? cursor = null; ;)
        {
            var step = await Store.DeleteRepositoryStepAsync(Registry, App, cursor, Now, Alice, Token);
            if ((cursor = step.Next) is null) break;
        }

        // Two tokens, the second in a step of its own, then the scope map.
        Assert.True(await Store.PurgeAccountsStepAsync(Registry, 1, Token));
        Assert.True(await Store.PurgeAccountsStepAsync(Registry, 1, Token));
        Assert.True(await Store.PurgeAccountsStepAsync(Registry, 1, Token));
        Assert.False(await Store.PurgeAccountsStepAsync(Registry, 1, Token));
        Assert.Null(await Store.FindScopeMapAsync(Registry, "pull", Token));
        Assert.True(await Store.EndPurgeAsync(Registry, Token));
        Assert.False(await Store.EndPurgeAsync(Registry, Token));
        Assert.Empty(await Store.ListPurgingAsync(0, 10, Token));

        var second = (await Store.CreateRegistryAsync(new NewRegistry("second", "subscription", "default", "", ""), Alice, Token)).Record!;
        Assert.False(await Store.BeginPurgeAsync(second.Id, Alice, Token));
        await Store.DeleteRegistryAsync(second.Id, Alice, Token);
        Assert.True(await Store.BeginPurgeAsync(second.Id, Alice, Token));
        Assert.Equal(CreateOutcome.Unknown, (await Store.RecoverRegistryAsync(second.Id, "second", Alice, Token)).Outcome);
    }

    [Fact]
    public async Task Those_that_are_purged_are_listed_one_after_the_other()
    {
        List<long> purged = [];
        for (var i = 0; i < 5; i++)
        {
            var made = (await Store.CreateRegistryAsync(new NewRegistry($"purged{i}", "subscription", "default", "", ""), Alice, Token)).Record!;
            await Store.DeleteRegistryAsync(made.Id, Alice, Token);
            if (i == 2) continue;
            Assert.True(await Store.BeginPurgeAsync(made.Id, Alice, Token));
            purged.Add(made.Id);
        }

        Assert.Equal(purged[..2], await Store.ListPurgingAsync(0, 2, Token));
        Assert.Equal(purged[2..], await Store.ListPurgingAsync(purged[1], 3, Token));
        Assert.Empty(await Store.ListPurgingAsync(purged[^1], 2, Token));
    }

    private async Task FillAsync()
    {
        await PushImageAsync(App, "image", "v1");
        await Store.PutScopeMapAsync(new ScopeMapRecord(Registry, "pull", "", ["x"], false), Alice, Token);
        await Store.PutTokenAsync(Registry, "on", "pull", true, Alice, Token);
        await Store.PutTokenAsync(Registry, "off", "pull", false, Alice, Token);
    }
}
