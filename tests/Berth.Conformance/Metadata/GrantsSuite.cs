using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>What the authority remembers between two requests, and which assertions were used.</summary>
public abstract class GrantsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private const string Device = "device";

    private static readonly byte[] Code = [1, 1, 1];
    private static readonly byte[] UserCode = [2, 2, 2];

    private GrantRecord Grant => new(Device, Code, UserCode, "pending", """{"scope":"x"}""", 0, Now.AddMinutes(15));

    [Fact]
    public async Task A_grant_is_found_by_its_code_and_by_its_alias_within_its_kind()
    {
        Assert.True(await Store.AddGrantAsync(Grant, Token));

        Assert.Equivalent(Grant, await Store.FindGrantAsync(Device, Code, Token), strict: true);
        Assert.Equivalent(Grant, await Store.FindGrantByAliasAsync(Device, UserCode, Token), strict: true);
        Assert.Null(await Store.FindGrantAsync("authorization", Code, Token));
        Assert.Null(await Store.FindGrantByAliasAsync("authorization", UserCode, Token));
        Assert.Null(await Store.FindGrantAsync(Device, UserCode, Token));
        Assert.False(await Store.AddGrantAsync(Grant, Token));
        Assert.False(await Store.AddGrantAsync(Grant with { Hash = [3] }, Token));
        Assert.True(await Store.AddGrantAsync(Grant with { Hash = [3], Alias = null }, Token));
        Assert.True(await Store.AddGrantAsync(Grant with { Hash = [4], Alias = null }, Token));
    }

    [Fact]
    public async Task Of_two_changes_of_one_version_one_stands()
    {
        await Store.AddGrantAsync(Grant, Token);
        var seen = (await Store.FindGrantAsync(Device, Code, Token))!;

        var both = await Task.WhenAll(
            Store.ReplaceGrantAsync(seen with { State = "approved" }, Token), Store.ReplaceGrantAsync(seen with { State = "denied" }, Token));

        Assert.Single(both, true);
        var now = (await Store.FindGrantAsync(Device, Code, Token))!;
        Assert.Equal((both[0] ? "approved" : "denied", 1), (now.State, now.Version));
        Assert.True(await Store.ReplaceGrantAsync(now with { Payload = "{}", ExpiresAt = Now.AddHours(1) }, Token));
        Assert.Equivalent(now with { Payload = "{}", ExpiresAt = Now.AddHours(1), Version = 2 }, await Store.FindGrantAsync(Device, Code, Token), strict: true);
    }

    [Fact]
    public async Task Of_all_who_take_a_grant_one_gets_it()
    {
        await Store.AddGrantAsync(Grant, Token);
        Assert.Null(await Store.TakeGrantAsync("authorization", Code, Token));

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.TakeGrantAsync(Device, Code, Token)));

        Assert.Equivalent(Grant, Assert.Single(taken, grant => grant is not null), strict: true);
        Assert.Null(await Store.FindGrantAsync(Device, Code, Token));
        Assert.False(await Store.ReplaceGrantAsync(Grant, Token));
    }

    [Fact]
    public async Task An_expired_grant_is_neither_found_nor_changed_nor_taken()
    {
        await Store.AddGrantAsync(Grant with { ExpiresAt = Now.AddSeconds(1) }, Token);
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await Store.FindGrantAsync(Device, Code, Token));
        Assert.Null(await Store.FindGrantByAliasAsync(Device, UserCode, Token));
        Assert.False(await Store.ReplaceGrantAsync(Grant, Token));
        Assert.Null(await Store.TakeGrantAsync(Device, Code, Token));
    }

    [Fact]
    public async Task What_has_expired_is_forgotten_in_batches()
    {
        for (byte i = 0; i < 5; i++) await Store.AddGrantAsync(Grant with { Hash = [i], Alias = null, ExpiresAt = Now.AddMinutes(i) }, Token);

        Time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(2, await Store.TidyAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.Equal(2, await Store.TidyAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.Equal(0, await Store.TidyAsync(TimeSpan.FromDays(90), 2, Token));
        Assert.NotNull(await Store.FindGrantAsync(Device, new byte[] { 4 }, Token));
    }
}
