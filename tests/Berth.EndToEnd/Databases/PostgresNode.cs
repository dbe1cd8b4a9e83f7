using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Databases;

/// <summary>A server whose rows are in a PostgreSQL database of its own, its bytes in the data folder.</summary>
public sealed class PostgresNode : ServerFixture
{
    private readonly Dictionary<string, string> _settings = [];

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => _settings;

    /// <summary>The database server.</summary>
    internal PostgresServer Postgres { get; private set; } = null!;

    /// <summary>The database's name.</summary>
    internal string Database { get; private set; } = "";

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        if (PostgresServer.Lacking is not null) return;
        Postgres = await PostgresServer.GetAsync();
        Database = await Postgres.CreateDatabaseAsync(null, CancellationToken.None);
        _settings["BERTH_Metadata__Kind"] = "Postgres";
        _settings["BERTH_Metadata__ConnectionString"] = Postgres.ConnectionString(Database);
        await base.InitializeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Database.Length > 0) await Postgres.DropDatabaseAsync(Database, CancellationToken.None);
    }
}
