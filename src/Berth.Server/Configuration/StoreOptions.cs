using System.ComponentModel.DataAnnotations;

namespace Berth.Server.Configuration;

/// <summary>Settings of the blob store.</summary>
internal sealed record StorageOptions
{
    /// <summary>The driver. Default FileSystem: the folder <c>store</c> of the data folder.</summary>
    public StorageKind Kind { get; init; } = StorageKind.FileSystem;
}

/// <summary>The blob store's drivers.</summary>
internal enum StorageKind
{
    /// <summary>Files in the data folder.</summary>
    FileSystem,
}

/// <summary>Settings of the metadata store.</summary>
internal sealed record MetadataOptions
{
    /// <summary>The provider. Default Sqlite: the file <c>metadata/berth.db</c> of the data folder.</summary>
    public MetadataKind Kind { get; init; } = MetadataKind.Sqlite;

    /// <summary>How the PostgreSQL database is reached, where the kind is Postgres: Host=…;Database=…;Username=…;Password=…. Default none.</summary>
    [Secret]
    public string? ConnectionString { get; init; }

    /// <summary>A file that holds the connection string instead. Default none.</summary>
    public string? ConnectionStringFile { get; init; }

    /// <summary>The most connections of this node to PostgreSQL: half for reads, half for changes. Default 32: three nodes are within the 100 that a server of the default size takes.</summary>
    [Range(2, 1000)]
    public int MaxConnections { get; init; } = 32;

    /// <summary>Whether statements are prepared on PostgreSQL's connections. Default true; false behind PgBouncer before 1.21 in transaction mode.</summary>
    public bool Prepare { get; init; } = true;

    /// <summary>Whether a PostgreSQL server is accepted that may lose what it acknowledged (fsync, full_page_writes or synchronous_commit off). Default false.</summary>
    public bool AllowDataLoss { get; init; }
}

/// <summary>The metadata store's providers.</summary>
internal enum MetadataKind
{
    /// <summary>A database file in the data folder.</summary>
    Sqlite,

    /// <summary>A PostgreSQL database, which several nodes may serve.</summary>
    Postgres,
}
