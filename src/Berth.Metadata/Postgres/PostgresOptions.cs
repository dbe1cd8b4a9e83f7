using Berth.Metadata.Relational;

namespace Berth.Metadata.Postgres;

/// <summary>The settings of the PostgreSQL provider.</summary>
public sealed record PostgresOptions
{
    /// <summary>How the server is reached, in Npgsql's form. Secret.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>The database as people know it, without anything secret.</summary>
    /// <exception cref="MetadataStartException">The connection string cannot be read.</exception>
    public string Place
    {
        get
        {
            var settings = PostgresDatabase.Settings(this);
            return $"the database '{settings.Database ?? settings.Username}' at {settings.Host}:{settings.Port}";
        }
    }

    /// <summary>The most connections: half for reads, half for changes, so that neither starves the other. A server of the default size takes 100 of all its clients.</summary>
    public int MaxConnections { get; init; } = 32;

    /// <summary>
    /// Whether statements are prepared on each connection. PgBouncer before 1.21 in transaction mode cannot keep them.
    /// </summary>
    public bool Prepare { get; init; } = true;

    /// <summary>Whether a server is accepted that may lose what it acknowledged (fsync, full_page_writes or synchronous_commit off).</summary>
    public bool AllowDataLoss { get; init; }

    /// <summary>The most operations of each kind that may wait for a connection; more are refused as unavailable.</summary>
    public int QueuedOperations { get; init; } = 1024;

    /// <summary>The longest that one statement may run while the installation is being served.</summary>
    public TimeSpan StatementLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest that connecting may take.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a change is run again because it conflicted with others.</summary>
    public int Attempts { get; init; } = 30;

    /// <summary>A connection without work is closed after this time.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the ledger is looked at for records without a number.</summary>
    public TimeSpan NumberingInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the database's clock is looked at.</summary>
    public TimeSpan ClockInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long rows keep what is over.</summary>
    public RetentionOptions Retention { get; init; } = new();

    /// <summary>Whether the time is the database's; tests bring their own.</summary>
    internal bool FollowsDatabaseClock { get; init; } = true;
}
