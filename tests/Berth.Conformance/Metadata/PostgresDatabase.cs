using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Oci;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Berth.Conformance.Metadata;

/// <summary>A database of its own on the one PostgreSQL server of the tests.</summary>
public sealed class PostgresDatabase : IMetadataDatabase
{
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    private string? _name;

    public PostgresDatabase() => Assert.SkipWhen(PostgresServer.Lacking is not null, PostgresServer.Lacking ?? "");

    public async Task<IMetadataStore> OpenAsync(TimeProvider time, ISteps steps)
    {
        var server = await PostgresServer.GetAsync();
        _name ??= await server.CreateDatabaseAsync(await Template.Value, CancellationToken.None);
        return await PostgresMetadataStore.OpenAsync(Options(server, _name), new DatabaseTime(time), steps, NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None);
    }

    /// <summary>One more node on the same database. It goes by a time that is a database's already as it is.</summary>
    internal async Task<RelationalMetadataStore> OpenNodeAsync(TimeProvider time, Func<PostgresOptions, PostgresOptions>? change = null)
    {
        var options = Options(await PostgresServer.GetAsync(), _name!);
        return await PostgresMetadataStore.OpenAsync(
            change is null ? options : change(options), time as DatabaseTime ?? new DatabaseTime(time), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None);
    }

    /// <summary>One more node, which reaches the database by a port of the loopback: a proxy's.</summary>
    internal async Task<RelationalMetadataStore> OpenNodeAsync(TimeProvider time, int port)
    {
        var reached = await ConnectionStringAsync(port);
        return await OpenNodeAsync(time, options => options with { ConnectionString = reached });
    }

    /// <summary>How the database is reached by a port of the loopback.</summary>
    internal async Task<string> ConnectionStringAsync(int port) => (await PostgresServer.GetAsync()).ConnectionString(_name!, port);

    /// <summary>A connection beside the stores.</summary>
    internal async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection((await PostgresServer.GetAsync()).ConnectionString(_name!) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        if (_name is not null) await (await PostgresServer.GetAsync()).DropDatabaseAsync(_name, CancellationToken.None);
    }

    private static PostgresOptions Options(PostgresServer server, string database) =>
        new() { ConnectionString = server.ConnectionString(database), MaxConnections = 8, FollowsDatabaseClock = false };

    private static async Task<string> MakeTemplateAsync()
    {
        var server = await PostgresServer.GetAsync();
        var name = await server.CreateDatabaseAsync(null, CancellationToken.None);
        await (await PostgresMetadataStore.OpenAsync(
            Options(server, name), new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, CancellationToken.None)).DisposeAsync();
        return name;
    }
}
