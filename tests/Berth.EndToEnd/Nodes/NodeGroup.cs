using Berth.EndToEnd.Harness;
using Berth.Testing;
using Npgsql;

namespace Berth.EndToEnd.Nodes;

/// <summary>Real servers that share one PostgreSQL database and one container of an object store, each with a data folder of its own.</summary>
internal sealed class NodeGroup : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly SharedStores _stores;

    private NodeGroup(SharedStores stores, IReadOnlyList<ServerProcess> servers)
    {
        (_stores, Servers) = (stores, servers);
        Clients = [.. servers.Select(server => new RegistryClient(server.Endpoint))];
    }

    /// <summary>The servers.</summary>
    public IReadOnlyList<ServerProcess> Servers { get; }

    /// <summary>A client of each, which calls as the owner.</summary>
    public IReadOnlyList<RegistryClient> Clients { get; }

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Lacking => BuiltProgram.Server is null ? "There is no built berth-server." : SharedStores.Lacking;

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
        var stores = await SharedStores.MakeAsync();
        var shared = new Dictionary<string, string>((settings ?? new Dictionary<string, string>()).Concat(stores.Settings()))
        {
            ["BERTH_Metadata__MaxConnections"] = "16",
            ["BERTH_Storage__AzureBlob__Prefix"] = "registry/",

            // The port is part of every name: all nodes are one registry.
            ["BERTH_Https__PublicPort"] = "443",
        };
        var servers = Enumerable.Range(0, count).Select(node => new ServerProcess(
            BuiltProgram.Server!, $"{name}-{node}", new Dictionary<string, string>(shared.Concat(own?.Invoke(node) ?? new Dictionary<string, string>())), password: stores.Password)).ToList();
        var group = new NodeGroup(stores, servers);
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
    public Task<long> AskAsync(string sql) => _stores.CountAsync(sql);

    /// <summary>Asks the database for a column of numbers.</summary>
    public Task<IReadOnlyList<long>> ListAsync(string sql) => _stores.ListAsync(sql);

    /// <summary>Changes rows behind the servers' backs.</summary>
    public async Task ChangeAsync(string sql)
    {
        await using var connection = await _stores.ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in Clients) client.Dispose();
        await Task.WhenAll(Servers.Select(server => server.DisposeAsync().AsTask()));
        await _stores.DisposeAsync();
    }
}
