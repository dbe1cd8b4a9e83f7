using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class FormatsPageTests
{
    [Fact]
    public async Task The_page_of_the_formats_names_every_table_and_column()
    {
        await using var folder = new StoreFolder();
        using var session = SessionPragmas.OpenWriter(folder.Options);
        Migrator.Migrate(session, TimeProvider.System);
        var rows = Page().Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();
        var columns = session.Prepare("""
            SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'
            """);
        var looked = 0;
        for (columns.Begin(); columns.Step(); looked++)
        {
            var (table, column) = (columns.Text(0), columns.Text(1));
            Assert.True(
                rows.Exists(row => row.StartsWith($"| `{table}` |", StringComparison.Ordinal) && row.Contains($"`{column}`", StringComparison.Ordinal)),
                $"docs/dev/formats.md does not say what column '{column}' of table '{table}' is.");
        }

        columns.Dispose();
        columns.Close();
        Assert.InRange(looked, 100, 1000);
    }

    private static string[] Page()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Berth.slnx"))) folder = folder.Parent!;
        return File.ReadAllLines(Path.Combine(folder.FullName, "docs", "dev", "formats.md"));
    }
}
