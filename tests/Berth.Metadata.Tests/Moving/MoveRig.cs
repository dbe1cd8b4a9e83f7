using Berth.Metadata.Moving;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Berth.Metadata.Tests.Moving;

/// <summary>A SQLite database with rows in every table, and a PostgreSQL database that is to get them.</summary>
internal sealed class MoveRig : IAsyncLifetime
{
    /// <summary>How many rows each table has, but the one of the installation.</summary>
    public const int RowsOfEach = 3;

    private readonly DirectoryInfo _folder = TestFolder.CreateInMemory("berth-move-");
    private string _database = "";

    public SqliteOptions Source => new() { Path = Path.Combine(_folder.FullName, "berth.db") };

    public PostgresOptions Target { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Lacking is { } lacking)
        {
            if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
            Assert.Skip(lacking);
        }

        var server = await PostgresServer.GetAsync();
        _database = await server.CreateDatabaseAsync(null, Token);
        Target = new PostgresOptions { ConnectionString = server.ConnectionString(_database), MaxConnections = 4 };
        Assert.Equal(MoveTarget.Empty, await Move("examined").ExamineAsync(Token));
        using var session = SessionPragmas.OpenWriter(Source);
        Migrator.Migrate(session, TimeProvider.System);
    }

    public RowMove Move(string id, ISteps? steps = null) => new(Source, Target, id, TimeProvider.System, steps ?? NoSteps.Instance);

    public static Task<MoveResult> RunAsync(RowMove move, params string[] stored) => RunAsync(move, static () => Task.CompletedTask, stored);

    public static Task<MoveResult> RunAsync(RowMove move, Func<Task> beforeCommit, params string[] stored) =>
        move.RunAsync(stored, static _ => new Progress<(long, long)>(), beforeCommit, Token);

    /// <summary>
    /// Puts rows into every table that is copied. Numbers are the row's own, so that each refers to the same row of another table; texts hold what must survive; each column that may
    /// be null is so in the last row.
    /// </summary>
    public void Fill()
    {
        using var session = SessionPragmas.OpenWriter(Source);
        foreach (var table in MovedTable.All)
        {
            var columns = ReadColumns(session, table.Name);

            // The triggers filled it already.
            if (table.Name == "owner_usage") session.RunScript("DELETE FROM owner_usage");
            for (var row = 1; row <= (table.Name == "installation" ? 1 : RowsOfEach); row++)
            {
                var values = columns.Select(column => column.IsNullable && row == RowsOfEach ? "NULL" : column.Type switch
                {
                    "INTEGER" => $"{row}",
                    "BLOB" => $"X'01{row:d2}00FF'",
                    _ => $"'{column.Name} ü ''{row}'' \\ ' || char(9, 10, 128640)",
                });
                session.RunScript($"INSERT INTO {table.Name} ({string.Join(", ", columns.Select(column => $"\"{column.Name}\""))}) VALUES ({string.Join(", ", values)})");
            }
        }
    }

    public void Change(string script)
    {
        using var session = SessionPragmas.OpenWriter(Source);
        session.RunScript(script);
    }

    /// <summary>Every row of a table of the source, as text.</summary>
    public List<string> ReadSource(string table)
    {
        using var session = SessionPragmas.OpenWriter(Source);
        var columns = ReadColumns(session, table);
        var rows = session.Prepare($"SELECT {string.Join(", ", columns.Select(column => column.Type == "BLOB" ? $"lower(hex(\"{column.Name}\"))" : $"\"{column.Name}\""))} FROM {table}");
        var read = new List<string>();
        for (rows.Begin(); rows.Step();) read.Add(string.Join("|", columns.Select((column, i) => $"{column.Name}={(rows.IsNull(i) ? "" : rows.Text(i))}")));
        rows.Dispose();
        rows.Close();
        return [.. read.Order(StringComparer.Ordinal)];
    }

    /// <summary>Every row of a table of the target, with the columns that the source has.</summary>
    public async Task<List<string>> ReadTargetAsync(string table)
    {
        List<(string Name, string Type, bool IsNullable)> columns;
        using (var session = SessionPragmas.OpenWriter(Source)) columns = ReadColumns(session, table);
        var read = new List<string>();
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(
            $"SELECT {string.Join(", ", columns.Select(column => column.Type == "BLOB" ? $"encode(\"{column.Name}\", 'hex')" : $"CAST(\"{column.Name}\" AS TEXT)"))} FROM {table}", connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token)) read.Add(string.Join("|", columns.Select((column, i) => $"{column.Name}={(reader.IsDBNull(i) ? "" : reader.GetString(i))}")));
        return [.. read.Order(StringComparer.Ordinal)];
    }

    /// <summary>The columns of each table of the target.</summary>
    public async Task<Dictionary<string, List<string>>> ReadTargetColumnsAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(
            """
            SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE'
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var columns = new Dictionary<string, List<string>>();
        while (await reader.ReadAsync(Token))
        {
            if (!columns.TryGetValue(reader.GetString(0), out var names)) columns.Add(reader.GetString(0), names = []);
            names.Add(reader.GetString(1));
        }

        return columns;
    }

    public async Task<object?> AskTargetAsync(string text)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync(Token);
    }

    public Task<RelationalMetadataStore> OpenTargetAsync() =>
        PostgresMetadataStore.OpenAsync(Target, new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);

    public async ValueTask DisposeAsync()
    {
        if (_database.Length > 0) await (await PostgresServer.GetAsync()).DropDatabaseAsync(_database, CancellationToken.None);
        _folder.Delete(recursive: true);
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(Target.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    private static List<(string Name, string Type, bool IsNullable)> ReadColumns(SqliteSession session, string table)
    {
        var rows = session.Prepare($"SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_info('{table}')");
        var columns = new List<(string, string, bool)>();
        for (rows.Begin(); rows.Step();) columns.Add((rows.Text(0), rows.Text(1), rows.Bool(2)));
        rows.Dispose();
        rows.Close();
        return columns;
    }
}
