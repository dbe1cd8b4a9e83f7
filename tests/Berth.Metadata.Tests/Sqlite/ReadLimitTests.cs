using System.Collections.Concurrent;
using System.Diagnostics;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class ReadLimitTests
{
    private static readonly Sql CountTo = new(
        "WITH RECURSIVE things(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM things WHERE n < ?1) SELECT count(*) FROM things");

    private static readonly Sql One = new("SELECT 1 FROM (SELECT 'things')");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_statement_that_runs_too_long_is_ended_and_its_connection_goes_on()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var readers = new SessionPool(folder.Options with { ReadLimit = TimeSpan.FromMilliseconds(30) });
        SqliteSession session;
        using (var reader = readers.Rent())
        {
            session = reader.Session;
            var started = Stopwatch.GetTimestamp();

            var error = Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => Count(reader, 200_000_000));

            Assert.True(SqliteErrors.IsInterrupt(error));
            Assert.IsType<MetadataUnavailableException>(SqliteErrors.Translate(error));
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(30), TimeSpan.FromSeconds(30));
        }

        using var again = readers.Rent();
        Assert.Same(session, again.Session);
        Assert.Equal(1000, Count(again, 1000));
    }

    [Fact]
    public async Task Many_short_statements_of_one_read_are_ended_too_and_leave_no_snapshot_open()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var readers = new SessionPool(folder.Options with { ReadLimit = TimeSpan.FromMilliseconds(30) });
        using var reader = readers.Rent();

        var error = Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() =>
        {
            using var transaction = reader.Session.BeginRead();
            for (var i = 0; i < 10_000_000; i++)
            {
                using var row = reader.Use(One);
                row.Step();
            }
        });

        Assert.True(SqliteErrors.IsInterrupt(error));
        Assert.False(reader.Session.InTransaction);
    }

    [Fact]
    public async Task Closing_a_snapshot_is_never_ended()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var readers = new SessionPool(folder.Options with { ReadLimit = TimeSpan.FromTicks(1) });
        for (var steps = 0; steps < 300; steps++)
        {
            using var reader = readers.Rent();
            try
            {
                using var transaction = reader.Session.BeginRead();
            }
            catch (Microsoft.Data.Sqlite.SqliteException error)
            {
                Assert.True(SqliteErrors.IsInterrupt(error));
            }

            Assert.False(reader.Session.InTransaction);
        }
    }

    [Fact]
    public async Task A_list_that_takes_too_long_is_refused_whole_as_unavailable_and_logged()
    {
        await using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            for (var i = 0; i < 400; i++) await store.PutManifestAsync(StoreFolder.Manifest("m", tags: $"t{i:d3}"), StoreFolder.Alice, Token);
        }

        var log = new RememberedLog();
        await using var hasty = await SqliteMetadataStore.OpenAsync(
            folder.Options with { ReadLimit = TimeSpan.FromTicks(1) }, TimeProvider.System, NoSteps.Instance, log, Token);

        await Assert.ThrowsAsync<MetadataUnavailableException>(async () => await hasty.ListTagsAsync(1, StoreFolder.App, null, 400, Token));

        Assert.Contains(log.Lines, line => line.StartsWith("Error ListTagsAsync took longer than", StringComparison.Ordinal));
        Assert.True(await hasty.IsHealthyAsync(Token));
        Assert.Equal(10, (await hasty.ListTagsAsync(1, StoreFolder.App, null, 10, Token))!.Items.Count);
    }

    [Fact]
    public async Task What_looks_at_everything_takes_as_long_as_it_takes()
    {
        await using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            for (var i = 0; i < 400; i++) await store.PutManifestAsync(StoreFolder.Manifest($"m{i}"), StoreFolder.Alice, Token);
        }

        await using var hasty = await folder.OpenAsync(options => options with { ReadLimit = TimeSpan.FromTicks(1) });

        Assert.Empty(await hasty.CheckAsync(Token));
        Assert.Equal(400, (await hasty.WalkManifestsAsync(0, 1000, Token)).Count);
        Assert.Empty(await hasty.KnownLocationsAsync([.. Enumerable.Range(0, 1000).Select(i => $"at/{i}")], Token));
    }

    private static long Count(SessionPool.Lease reader, long most)
    {
        using var row = reader.Use(CountTo).Bind(most);
        return row.OnlyInt64();
    }

    private sealed class RememberedLog : ILogger<RelationalMetadataStore>
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)}");
    }
}
