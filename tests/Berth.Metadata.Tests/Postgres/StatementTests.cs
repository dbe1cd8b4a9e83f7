using System.Text.RegularExpressions;
using Berth.Metadata.Relational;

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

    private static bool IsCheap(string line) =>
        (WholeTable().Match(line) is not { Success: true } scan || Small.Contains(scan.Groups[1].Value))
        && !line.Contains("Hash Join", StringComparison.Ordinal) && !line.Contains("Merge Join", StringComparison.Ordinal);

    [GeneratedRegex(@"Seq Scan on (\w+)")]
    private static partial Regex WholeTable();
}
