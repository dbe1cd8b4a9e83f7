using System.Data;
using Berth.Metadata.Postgres;
using Berth.Metadata.Postgres.Engine;
using Berth.Metadata.Relational;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>A change of which the server refused a part is none, whatever its body makes of that.</summary>
public sealed class CommitTests
{
    private const string Insert = "INSERT INTO discarded_locations (location, not_before) VALUES ('somewhere', 0)";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_commit_after_an_error_that_was_swallowed_throws_it_and_the_session_goes_on(bool isScript)
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var source = PostgresDatabase.CreateSource(database.Options);
        using var session = PostgresDatabase.Connect(source, database.Options);
        session.BeginTransaction(IsolationLevel.Serializable);
        session.RunChange(Insert);
        Swallow(session, isScript, PostgresErrorCodes.DivisionByZero);

        Assert.Equal(PostgresErrorCodes.DivisionByZero, Assert.Throws<PostgresException>(session.Commit).SqlState);
        Assert.True(session.TryReset());
        Assert.Equal(0L, Count(session));

        session.BeginTransaction(IsolationLevel.Serializable);
        session.RunChange(Insert);
        session.Commit();
        Assert.Equal(1L, Count(session));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_that_swallows_an_error_fails_and_one_that_swallows_a_conflict_is_run_again(bool isScript)
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var store = PostgresDatabase.Open(database.Options, new DatabaseTime(TimeProvider.System), NullLogger.Instance);

        var error = await Assert.ThrowsAsync<PostgresException>(() => ChangeAsync(store, session => Swallow(session, isScript, PostgresErrorCodes.DivisionByZero)));
        Assert.Equal(PostgresErrorCodes.DivisionByZero, error.SqlState);
        Assert.Equal(0L, await CountAsync(store));

        var attempts = 0;
        await ChangeAsync(store, session => { if (attempts++ == 0) Swallow(session, isScript, PostgresErrorCodes.SerializationFailure); });
        Assert.Equal(2, attempts);
        Assert.Equal(1L, await CountAsync(store));
    }

    [Theory]
    [InlineData(true, "on")]
    [InlineData(false, "off")]
    public async Task A_change_of_whole_tables_is_planned_for_them_and_is_serializable_all_the_same(bool isWhole, string scans)
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var store = PostgresDatabase.Open(database.Options, new DatabaseTime(TimeProvider.System), NullLogger.Instance);

        var settings = await store.WriteAsync(
            static scope => ((PostgresSession)scope.Session).Run("SELECT current_setting('enable_seqscan'), current_setting('enable_hashjoin'), current_setting('transaction_isolation')")!,
            Urgency.Relief, weight: 0, isWhole ? Extent.WholeTables : Extent.Rows, Token);

        Assert.Equal((scans, scans, "serializable"), ((string)settings[0], (string)settings[1], (string)settings[2]));
    }

    private static Task<int> ChangeAsync(PostgresDatabase store, Action<PostgresSession> then) => store.WriteAsync(
        scope =>
        {
            var session = (PostgresSession)scope.Session;
            var changed = session.RunChange(Insert);
            then(session);
            return changed;
        },
        Urgency.Relief, weight: 0, Extent.Rows, Token);

    private static void Swallow(PostgresSession session, bool isScript, string state)
    {
        var text = $"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$";
        Assert.Throws<PostgresException>(() =>
        {
            if (isScript) session.RunScript(text);
            else session.RunChange(text);
        });
    }

    private static ValueTask<long> CountAsync(PostgresDatabase store) => store.ReadAsync(0, static (session, _) => Count((PostgresSession)session), isLong: false, "", Token);

    private static long Count(PostgresSession session) => (long)session.Run("SELECT count(*) FROM discarded_locations")![0];
}
