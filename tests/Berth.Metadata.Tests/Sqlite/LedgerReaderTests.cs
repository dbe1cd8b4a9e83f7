using System.Globalization;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>What the ledger and the tombstones keep for a reader, and for how long.</summary>
public sealed class LedgerReaderTests : IAsyncLifetime
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(90);

    private readonly StoreFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private RelationalMetadataStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await _folder.OpenAsync(time: _time);

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task A_record_past_its_retention_waits_for_a_reader_within_its_limit()
    {
        await PushAsync(10);
        Declare("reader", at: 4, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        _time.Advance(TimeSpan.FromDays(100));

        await TidyAsync();

        Assert.Equal(5, await FirstNumberAsync());
        Assert.Equal("1", EpochOf("reader"));
    }

    [Fact]
    public async Task The_slowest_reader_decides()
    {
        await PushAsync(10);
        Declare("fast", at: 9, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        Declare("slow", at: 3, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        _time.Advance(TimeSpan.FromDays(100));

        await TidyAsync();

        Assert.Equal(4, await FirstNumberAsync());
    }

    [Fact]
    public async Task A_reader_past_the_time_it_declared_is_left_behind_and_must_begin_anew()
    {
        await PushAsync(10);
        Declare("slow", at: 4, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        Declare("done", at: await LastNumberAsync(), keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        _time.Advance(TimeSpan.FromDays(121));

        await TidyAsync();

        Assert.Equal(await LastNumberAsync(), await FirstNumberAsync());
        Assert.Equal("0", EpochOf("slow"));
        Assert.Equal("1", EpochOf("done"));
    }

    [Fact]
    public async Task A_reader_more_records_behind_than_it_declared_is_left_behind()
    {
        await PushAsync(10);
        Declare("slow", at: 4, keepFor: TimeSpan.FromDays(1000), keepRecords: 3);
        _time.Advance(TimeSpan.FromDays(100));

        await _store.TidyAsync(Retention, 1000, Token);

        Assert.Equal(await LastNumberAsync() - 2, await FirstNumberAsync());
        Assert.Equal("0", EpochOf("slow"));
        await TidyAsync();
        Assert.Equal(await LastNumberAsync(), await FirstNumberAsync());
    }

    [Fact]
    public async Task Nothing_waits_for_a_reader_that_declared_nothing_or_must_begin_anew()
    {
        await PushAsync(10);
        Declare("undeclared", at: 2, keepFor: TimeSpan.Zero, keepRecords: 0);
        Declare("restored", at: 2, keepFor: TimeSpan.FromDays(1000), keepRecords: long.MaxValue, epoch: 0);
        _time.Advance(TimeSpan.FromDays(100));

        await TidyAsync();

        Assert.Equal(await LastNumberAsync(), await FirstNumberAsync());
    }

    [Fact]
    public async Task No_reader_shortens_the_retention()
    {
        await PushAsync(10);
        Declare("fast", at: await LastNumberAsync(), keepFor: TimeSpan.FromDays(1), keepRecords: 1);
        _time.Advance(TimeSpan.FromDays(89));

        await TidyAsync();

        Assert.Equal(1, await FirstNumberAsync());
    }

    [Fact]
    public async Task A_tombstone_past_its_retention_waits_until_every_reader_has_passed_it()
    {
        await PushAsync(1);
        await _store.DeleteTagAsync(1, StoreFolder.App, Tag.Parse("t0"), StoreFolder.Alice, Token);
        var deletion = await LastNumberAsync();
        Declare("peer", at: deletion - 1, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        _time.Advance(TimeSpan.FromDays(30));

        await TidyAsync();
        Assert.Equal("1", Ask("SELECT count(*) FROM tombstones"));

        Declare("peer", at: deletion, keepFor: TimeSpan.FromDays(120), keepRecords: 1000);
        await TidyAsync();
        Assert.Equal("0", Ask("SELECT count(*) FROM tombstones"));
    }

    private async Task PushAsync(int count)
    {
        for (var i = 0; i < count; i++) await _store.PutManifestAsync(StoreFolder.Manifest("m", tags: $"t{i}"), StoreFolder.Alice, Token);
    }

    private async Task TidyAsync()
    {
        for (var i = 0; i < 20; i++) await _store.TidyAsync(Retention, 3, Token);
    }

    private async Task<long> FirstNumberAsync() => (await _store.ReadLedgerAsync(0, 1, Token))[0].Number;

    private async Task<long> LastNumberAsync() => (await _store.ReadLedgerAsync(0, 1000, Token))[^1].Number;

    private void Declare(string name, long at, TimeSpan keepFor, long keepRecords, int epoch = 1) => Ask(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        INSERT OR REPLACE INTO ledger_readers (name, epoch, number, updated_at, keep_for, keep_records)
        VALUES ('{name}', {epoch}, {at}, 0, {(long)keepFor.TotalMilliseconds}, {keepRecords})
        """));

    private string? EpochOf(string reader) => Ask($"SELECT epoch FROM ledger_readers WHERE name = '{reader}'");

    private string? Ask(string text)
    {
        using var session = SessionPragmas.OpenWriter(_folder.Options);
        return session.Run(text);
    }
}
