using Berth.EndToEnd.Harness;
using Berth.EndToEnd.ObjectStores;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Npgsql;

namespace Berth.EndToEnd.Nodes;

/// <summary>Real servers that share one PostgreSQL database and one container of an object store, each with a data folder of its own.</summary>
internal sealed class NodeGroup : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly string _database;
    private readonly PostgresServer _postgres;

    private NodeGroup(PostgresServer postgres, string database, IReadOnlyList<ServerProcess> servers)
    {
        (_postgres, _database, Servers) = (postgres, database, servers);
        Clients = [.. servers.Select(server => new RegistryClient(server.Endpoint))];
    }

    /// <summary>The servers.</summary>
    public IReadOnlyList<ServerProcess> Servers { get; }

    /// <summary>A client of each, which calls as the owner.</summary>
    public IReadOnlyList<RegistryClient> Clients { get; }

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Lacking => BuiltProgram.Server is null ? "There is no built berth-server." : PostgresServer.Lacking ?? Azurite.Lacking;

    /// <summary>Skips the test where there can be none, or fails it on continuous integration.</summary>
    public static void Require()
    {
        if (Lacking is { } lacking) Tool.Lacking(lacking);
    }

    /// <summary>Starts them one after the other: the first makes the installation.</summary>
    /// <param name="name">A word for the log files' names.</param>
    /// <param name="count">How many.</param>
    /// <param name="settings">Settings of all, by the names of their environment variables.</param>
    /// <param name="own">Settings of each, by its place.</param>
    public static async Task<NodeGroup> StartAsync(
        string name, int count, IReadOnlyDictionary<string, string>? settings = null, Func<int, IReadOnlyDictionary<string, string>>? own = null)
    {
        var postgres = await PostgresServer.GetAsync();
        var database = await postgres.CreateDatabaseAsync(null, CancellationToken.None);
        var shared = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["BERTH_Metadata__Kind"] = "Postgres",
            ["BERTH_Metadata__ConnectionString"] = postgres.ConnectionString(database),
            ["BERTH_Metadata__MaxConnections"] = "16",

            // The port is part of every name: all nodes are one registry.
            ["BERTH_Https__PublicPort"] = "443",
        };
        await AzuriteServer.AddContainerAsync(shared);
        var password = $"secret-{Content.Name()}";
        var servers = Enumerable.Range(0, count).Select(node => new ServerProcess(
            BuiltProgram.Server!, $"{name}-{node}", new Dictionary<string, string>(shared.Concat(own?.Invoke(node) ?? new Dictionary<string, string>())), password: password)).ToList();
        var group = new NodeGroup(postgres, database, servers);
        try
        {
            foreach (var server in servers) await server.StartAsync(StartLimit);
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    /// <summary>Keeps the logs where the running test has failed.</summary>
    public void KeepLogsOfFailure()
    {
        if (TestContext.Current.TestState?.Result != TestResult.Failed) return;
        foreach (var server in Servers) server.KeepLog = true;
    }

    /// <summary>Starts one that was killed or stopped.</summary>
    public Task StartAgainAsync(int node) => Servers[node].StartAsync(StartLimit);

    /// <summary>Asks the database for one number.</summary>
    public async Task<long> AskAsync(string sql) => (await ListAsync(sql))[0];

    /// <summary>Asks the database for a column of numbers.</summary>
    public async Task<IReadOnlyList<long>> ListAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString(_database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<long>();
        while (await rows.ReadAsync()) found.Add(Convert.ToInt64(rows.GetValue(0), System.Globalization.CultureInfo.InvariantCulture));
        return found;
    }

    /// <summary>Changes rows behind the servers' backs.</summary>
    public async Task ChangeAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString(_database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in Clients) client.Dispose();
        await Task.WhenAll(Servers.Select(server => server.DisposeAsync().AsTask()));
        await _postgres.DropDatabaseAsync(_database, CancellationToken.None);
    }
}
