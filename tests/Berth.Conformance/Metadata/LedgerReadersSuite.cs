using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Who reads the ledger, and how far.</summary>
public abstract class LedgerReadersSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task A_new_reader_begins_at_the_end_and_then_is_behind_by_what_happens()
    {
        await PushBlobAsync(App, "before");
        var cursor = await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token);
        Assert.False(cursor.LeftBehind);
        Assert.Empty(await Store.ReadLedgerAsync(cursor.Number, 10, Token));
        Assert.Equal(0, Assert.Single(await Store.ListLedgerReadersAsync(Token)).Behind);

        await PushBlobAsync(App, "after");
        var unread = await Store.ReadLedgerAsync(cursor.Number, 10, Token);
        Assert.NotEmpty(unread);
        Assert.Equal(new LedgerReader("webhooks", cursor.Number, unread.Count), Assert.Single(await Store.ListLedgerReadersAsync(Token)));
    }

    [Fact]
    public async Task A_reader_that_is_opened_again_goes_on_where_it_was_and_never_goes_back()
    {
        var first = await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token);
        await PushBlobAsync(App, "a blob");
        var last = (await Store.ReadLedgerAsync(first.Number, 10, Token))[^1].Number;
        await Store.MoveLedgerReaderAsync("webhooks", last, Token);
        await Store.MoveLedgerReaderAsync("webhooks", first.Number, Token);
        Assert.Equal(first with { Number = last }, await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token));
    }

    [Fact]
    public async Task After_a_restore_a_reader_goes_on_at_the_same_number_of_the_new_epoch()
    {
        var before = await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token);
        await Store.MarkRestoredAsync(Token);
        Assert.Equal(before with { Epoch = before.Epoch + 1 }, await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token));
    }

    [Fact]
    public async Task A_reader_that_was_forgotten_is_not_listed_and_begins_anew()
    {
        await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token);
        Assert.True(await Store.ForgetLedgerReaderAsync("webhooks", Token));
        Assert.False(await Store.ForgetLedgerReaderAsync("webhooks", Token));
        Assert.Empty(await Store.ListLedgerReadersAsync(Token));
        await PushBlobAsync(App, "meanwhile");
        var again = await Store.OpenLedgerReaderAsync("webhooks", Day, 100, Token);
        Assert.Empty(await Store.ReadLedgerAsync(again.Number, 10, Token));
    }
}
