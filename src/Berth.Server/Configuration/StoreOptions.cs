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
}

/// <summary>The metadata store's providers.</summary>
internal enum MetadataKind
{
    /// <summary>A database file in the data folder.</summary>
    Sqlite,
}
