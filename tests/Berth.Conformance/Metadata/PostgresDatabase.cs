using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Oci;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Berth.Conformance.Metadata;

/// <summary>A PostgreSQL database of its own on the server of the test process, made as a copy of one that was migrated once.</summary>
public sealed class PostgresDatabase : IMetadataDatabase
{
    private static readonly Lazy<Task<string>> Migrated = new(static () => Task.Run(MigrateAsync));

    private readonly SemaphoreSlim _gate = new(1);
    private string? _name;

    public PostgresDatabase()
    {
        if (PostgresServer.Lacking is not { } lacking) return;
        if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
        Assert.Skip(lacking);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>How the database is reached, which is made by the first call.</summary>
    public async Task<string> GetConnectionStringAsync(int? port = null)
    {
        var server = await PostgresServer.GetAsync();
        await _gate.WaitAsync(Token);
        try
        {
            _name ??= await server.CreateDatabaseAsync(await Migrated.Value, Token);
        }
        finally
        {
            _gate.Release();
        }

        return server.ConnectionString(_name, port);
    }

    /// <inheritdoc/>
    public async Task<IMetadataStore> OpenAsync(TimeProvider time, ISteps steps) => await OpenAsync(await GetConnectionStringAsync(), time, steps);

    /// <summary>Opens a store by another way to the database, such as a proxy.</summary>
    public static Task<RelationalMetadataStore> OpenAsync(string connectionString, TimeProvider time, ISteps steps) => PostgresMetadataStore.OpenAsync(
        new PostgresOptions { ConnectionString = connectionString, MaxConnections = 8, FollowsDatabaseClock = ReferenceEquals(time, TimeProvider.System) },
        time,
        steps,
        NullLogger<RelationalMetadataStore>.Instance,
        Token);

    /// <summary>One more node on the same database.</summary>
    internal async Task<RelationalMetadataStore> OpenNodeAsync(TimeProvider time, Func<PostgresOptions, PostgresOptions>? change = null)
    {
        var options = new PostgresOptions { ConnectionString = await GetConnectionStringAsync(), MaxConnections = 8, FollowsDatabaseClock = ReferenceEquals(time, TimeProvider.System) };
        return await PostgresMetadataStore.OpenAsync(change is null ? options : change(options), time, NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);
    }

    /// <summary>A connection beside the stores.</summary>
    internal async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(await GetConnectionStringAsync() + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _gate.Dispose();
        if (_name is not null) await (await PostgresServer.GetAsync()).DropDatabaseAsync(_name, CancellationToken.None);
    }

    private static async Task<string> MigrateAsync()
    {
        var server = await PostgresServer.GetAsync();
        var name = await server.CreateDatabaseAsync(null, CancellationToken.None);
        var options = new PostgresOptions { ConnectionString = server.ConnectionString(name) };
        await using var store = await PostgresMetadataStore.OpenAsync(
            options, TimeProvider.System, NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None);
        return name;
    }
}
