using Berth.EndToEnd.Harness;
using Berth.Testing;
using Npgsql;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>An empty database and an empty bucket or container, for one migration.</summary>
internal sealed class MigrationTarget : IAsyncDisposable
{
    private readonly string _database;
    private readonly string _connection;

    private MigrationTarget(string database, string connection, Dictionary<string, string> settings) => (_database, _connection, Settings) = (database, connection, settings);

    /// <summary>The settings that name both, by their variables.</summary>
    public Dictionary<string, string> Settings { get; }

    /// <summary>How the database is reached.</summary>
    public string ConnectionString => _connection;

    /// <summary>Makes it beside an object store; the test is skipped where a service is lacking, or fails on continuous integration.</summary>
    public static async Task<MigrationTarget> CreateAsync(ObjectStoreFixture store)
    {
        if (PostgresServer.Lacking is { } lacking) Tool.Lacking(lacking);
        ObjectStore.Require(store.LackingStore);
        var server = await PostgresServer.GetAsync();
        var database = await server.CreateDatabaseAsync(null, CancellationToken.None);
        var connection = server.ConnectionString(database);
        var settings = new Dictionary<string, string>(await store.NewStoreAsync())
        {
            ["BERTH_Metadata__Kind"] = "Postgres",
            ["BERTH_Metadata__ConnectionString"] = connection,
        };
        return new MigrationTarget(database, connection, settings);
    }

    /// <summary>Whether the database holds an installation.</summary>
    public async Task<bool> HoldsInstallationAsync()
    {
        await using var connection = new NpgsqlConnection($"{_connection};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT to_regclass('installation') IS NOT NULL AND EXISTS (SELECT 1 FROM installation)", connection);
        try
        {
            return await command.ExecuteScalarAsync() is true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync() => await (await PostgresServer.GetAsync()).DropDatabaseAsync(_database, CancellationToken.None);
}
