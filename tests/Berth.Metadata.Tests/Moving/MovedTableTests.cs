using Berth.Metadata.Moving;
using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Tests.Moving;

/// <summary>The tables of both databases and what becomes of each: a table or a column that one of them gets later and the move forgets fails here.</summary>
public sealed class MovedTableTests : IAsyncLifetime
{
    private readonly MoveRig _rig = new();

    public ValueTask InitializeAsync() => _rig.InitializeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Every_table_of_either_database_is_copied_or_left_out_for_a_reason()
    {
        var known = MovedTable.All.Select(table => table.Name).Concat(MovedTable.LeftOut.Keys).ToList();
        Assert.Equal(known.Count, known.Distinct().Count());
        foreach (var table in ReadColumns().Keys.Union((await _rig.ReadTargetColumnsAsync()).Keys))
            Assert.True(known.Contains(table), $"The table '{table}' is neither in MovedTable.All nor in MovedTable.LeftOut: say what berth migrate does with it.");
    }

    [Fact]
    public async Task Every_column_of_a_copied_table_is_in_both_databases_or_is_filled_by_an_expression()
    {
        var (source, target) = (ReadColumns(), await _rig.ReadTargetColumnsAsync());
        foreach (var table in MovedTable.All)
        {
            var filled = source[table.Name].Union(table.Expressions.Keys).Order(StringComparer.Ordinal);
            Assert.True(filled.SequenceEqual(target[table.Name].Order(StringComparer.Ordinal)), $"{table.Name}: {string.Join(", ", source[table.Name])} against {string.Join(", ", target[table.Name])}");
        }
    }

    private Dictionary<string, List<string>> ReadColumns()
    {
        using var session = SessionPragmas.OpenWriter(_rig.Source);
        var rows = session.Prepare("""
            SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite%'
            """);
        var columns = new Dictionary<string, List<string>>();
        for (rows.Begin(); rows.Step();)
        {
            if (!columns.TryGetValue(rows.Text(0), out var names)) columns.Add(rows.Text(0), names = []);
            names.Add(rows.Text(1));
        }

        rows.Dispose();
        rows.Close();
        return columns;
    }
}
