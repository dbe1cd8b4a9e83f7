using System.Text.RegularExpressions;
using Berth.Metadata.Relational;
using Npgsql;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>Every text of the store, as PostgreSQL understands and plans it.</summary>
public sealed partial class StatementTests
{
    // Their rows are few whatever an installation holds, or are all read on purpose.
    private static readonly HashSet<string> Small = ["installation", "registries", "ledger_sequence", "ledger_readers", "tag_rules"];

    [Fact]
    public async Task Every_statement_is_understood_by_PostgreSQL()
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var connection = await database.ConnectAsync();
        var understood = 0;
        foreach (var sql in StatementDatabase.Texts)
        {
            understood++;
            await StatementDatabase.PrepareAsync(connection, sql);
        }

        Assert.InRange(understood, 400, 900);
    }

    [Fact]
    public async Task No_statement_of_a_request_reads_a_whole_table_or_sorts_what_it_has_not_limited()
    {
        await using var database = await StatementDatabase.CreateAsync();
        await database.FillAsync("ANALYZE");
        await using var connection = await database.ConnectAsync();
        var planned = 0;
        foreach (var sql in StatementDatabase.Texts.Where(sql => !RelationalMetadataStore.WholeTableChecks.Contains(sql.Text)))
        {
            planned++;
            var plan = await StatementDatabase.PlanAsync(connection, sql);
            foreach (var line in plan) Assert.True(IsCheap(line), $"{line}\nof\n{string.Join('\n', plan)}\nin\n{sql.Text}");
        }

        Assert.InRange(planned, 400, 900);
    }

    /// <summary>
    /// Each backend has sixteen places for locks of tables and indexes (PostgreSQL before 18); those that find none there are taken in a table that all backends share, which costs more than the look-up itself.
    /// </summary>
    [Fact]
    public async Task No_look_up_of_a_request_takes_more_locks_than_a_backend_has_places_for()
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var connection = await database.ConnectAsync();
        var looked = 0;
        foreach (var sql in StatementDatabase.Texts.Where(IsOfEachRequest))
        {
            looked++;

            // Planning has locks of its own; it is done once.
            await StatementDatabase.PlanAsync(connection, sql);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await StatementDatabase.RunAgainAsync(connection, sql);
            await using var locks = new NpgsqlCommand(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation <> CAST('pg_locks' AS regclass)", connection, transaction);
            Assert.InRange((long)(await locks.ExecuteScalarAsync(TestContext.Current.CancellationToken))!, 4, 16);
        }

        Assert.InRange(looked, 6, 12);
    }

    // Where something is set apart, more is asked. What changes a row opens all indexes of its table.
    private static bool IsOfEachRequest(Sql sql) =>
        sql.Text.StartsWith("SELECT", StringComparison.Ordinal) && sql.Text.Contains("who.epoch FROM principals who", StringComparison.Ordinal)
        && !sql.Text.Contains("ancestry", StringComparison.Ordinal);

    private static bool IsCheap(string line) =>
        (WholeTable().Match(line) is not { Success: true } scan || Small.Contains(scan.Groups[1].Value))
        && !line.Contains("Hash Join", StringComparison.Ordinal) && !line.Contains("Merge Join", StringComparison.Ordinal);

    [GeneratedRegex(@"Seq Scan on (\w+)")]
    private static partial Regex WholeTable();
}
