using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>The installation, its registries and principals, and access events.</summary>
public abstract class InstallationSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task The_installation_is_made_once()
    {
        var again = await Store.CreateInstallationAsync(new InstallationRecord("other", "t", "s", "r", 9), "other", Token);

        Assert.Equal(new InstallationRecord("store", "tenant", "subscription", "home", 1), again);
        Assert.Equal(again, await Store.FindInstallationAsync(Token));
        Assert.Null(await Store.FindRegistryAsync("other", Token));
        Assert.Equal(("local", 1), (await Store.FindRegistryAsync("local", Token)) is { } local ? (local.Name, local.Epoch) : default);
    }

    [Fact]
    public async Task A_principal_is_made_and_each_new_password_raises_its_epoch()
    {
        Assert.Null(await Store.FindPrincipalAsync("owner", Token));

        var made = await Store.SetPasswordAsync("owner", "hash-1", Alice, Token);
        var changed = await Store.SetPasswordAsync("owner", "hash-2", Alice, Token);

        Assert.Equal(("owner", "hash-1", 1, true), (made.Name, made.PasswordHash, made.Epoch, made.Enabled));
        Assert.True(Guid.TryParse(made.ObjectId, out _));
        Assert.Equal(made with { PasswordHash = "hash-2", Epoch = 2 }, changed);
        Assert.Equal(changed, await Store.FindPrincipalAsync("owner", Token));
    }

    [Fact]
    public async Task Epochs_are_those_of_now_and_zero_for_what_is_absent()
    {
        var owner = await Store.SetPasswordAsync("owner", "hash", Alice, Token);

        Assert.Equal(new SecurityEpochs(1, 1), await Store.ReadEpochsAsync(owner.Id, Registry, Token));
        await Store.SetPasswordAsync("owner", "hash", Alice, Token);
        Assert.Equal(new SecurityEpochs(2, 1), await Store.ReadEpochsAsync(owner.Id, Registry, Token));
        Assert.Equal(default, await Store.ReadEpochsAsync(owner.Id + 1, Registry + 1, Token));
    }

    [Fact]
    public async Task No_ledger_record_holds_a_password()
    {
        await Store.SetPasswordAsync("owner", "the hash", Alice, Token);

        Assert.DoesNotContain(await Store.ReadLedgerAsync(0, 100, Token), record => record.ToString().Contains("the hash", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Access_events_of_one_minute_add_up_and_are_listed_newest_first()
    {
        var minute = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var first = new AccessEvent(minute, Registry, AccessEventKinds.Denied, "mallory", "192.0.2.9", "push", 2, "r1");
        var later = first with { Minute = minute.AddMinutes(1), Kind = AccessEventKinds.SignIn, RequestId = null };
        await Store.AddAccessEventsAsync([first, later, first with { RegistryId = Registry + 1 }], Token);
        await Store.AddAccessEventsAsync([first with { Count = 3, RequestId = "r2" }, first with { Reason = "pull" }], Token);

        var listed = await Store.ListAccessEventsAsync(Registry, minute, 10, Token);

        Assert.Equal([later, first with { Count = 5, RequestId = "r2" }, first with { Reason = "pull" }], listed);
        Assert.Equal([later], await Store.ListAccessEventsAsync(Registry, minute.AddSeconds(1), 10, Token));
        Assert.Single(await Store.ListAccessEventsAsync(Registry, minute, 1, Token));
    }

    [Fact]
    public async Task Half_of_a_surrogate_pair_is_replaced_and_refuses_nothing_that_comes_with_it()
    {
        var half = new AccessEvent(Now, Registry, AccessEventKinds.SignInRefused, "a \ud83d", "192.0.2.9", "password", 1, null);
        var whole = half with { Actor = "a \U0001F6A2" };

        await Store.AddAccessEventsAsync([half, whole], Token);

        Assert.Equal(["a \U0001F6A2", "a \ufffd"], (await Store.ListAccessEventsAsync(Registry, Now, 10, Token)).Select(e => e.Actor).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Access_events_are_forgotten_after_their_retention()
    {
        await Store.AddAccessEventsAsync([new AccessEvent(Now, Registry, "k", "a", "b", "c", 1, null), new AccessEvent(Now, 0, "k", "a", "b", "c", 1, null)], Token);
        Time.Advance(TimeSpan.FromDays(91));

        await Store.TidyAsync(TimeSpan.FromDays(90), 100, Token);

        Assert.Empty(await Store.ListAccessEventsAsync(Registry, default, 10, Token));
        Assert.Empty(await Store.ListAccessEventsAsync(0, default, 10, Token));
    }

    [Fact]
    public async Task An_open_store_is_healthy_and_a_closed_one_is_not()
    {
        Assert.True(await Store.IsHealthyAsync(Token));
        await Store.DisposeAsync();
        Assert.False(await Store.IsHealthyAsync(Token));
        await ReopenAsync();
    }
}
