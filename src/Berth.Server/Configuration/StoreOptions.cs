using System.ComponentModel.DataAnnotations;

namespace Berth.Server.Configuration;

/// <summary>Settings of the blob store.</summary>
internal sealed record StorageOptions
{
    /// <summary>The driver. Default FileSystem: the folder <c>store</c> of the data folder.</summary>
    public StorageKind Kind { get; init; } = StorageKind.FileSystem;

    /// <summary>
    /// Memory for the parts of all uploads to an object store together, in bytes; uploads wait for each other beyond it. Default 320 MiB: 64 uploads at once have 5 MiB each.
    /// </summary>
    [Range(83_886_080, 68_719_476_736)]
    public long BufferBytes { get; init; } = 335_544_320;

    /// <summary>The bucket, where the kind is S3.</summary>
    public S3StorageOptions S3 { get; init; } = new();

    /// <summary>The container, where the kind is AzureBlob.</summary>
    public AzureBlobStorageOptions AzureBlob { get; init; } = new();
}

/// <summary>Settings of an S3-compatible bucket.</summary>
internal sealed record S3StorageOptions
{
    /// <summary>The bucket's name; it exists already. Default none.</summary>
    public string? Bucket { get; init; }

    /// <summary>The region that requests are signed for. Default us-east-1, which most services other than AWS expect.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The service's address. Default AWS's own in the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The service's address in the links that clients get, where they reach it by another one. Default that of <see cref="Endpoint"/>.</summary>
    public Uri? LinkEndpoint { get; init; }

    /// <summary>Whether the bucket stands in the path and not in the host's name. Default true with an endpoint of one's own, else false.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>What all keys begin with; ends in a slash. Default none: the bucket is this installation's alone.</summary>
    public string? Prefix { get; init; }

    /// <summary>The access key's id. Default none: from the environment, a web identity, or the machine's role.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The access key's secret. Default none.</summary>
    [Secret]
    public string? SecretKey { get; init; }

    /// <summary>Whether the SDK's own checksums go with each request. Default true for AWS, false with an endpoint of one's own: many services refuse them.</summary>
    public bool? Checksums { get; init; }

    /// <summary>Whether the service honours If-None-Match on writes. Default true; false for those that answer 501 or replace what stands.</summary>
    public bool ConditionalWrites { get; init; } = true;
}

/// <summary>Settings of an Azure Blob container.</summary>
internal sealed record AzureBlobStorageOptions
{
    /// <summary>The container's name; it exists already. Default none.</summary>
    public string? Container { get; init; }

    /// <summary>The account's blob service, such as https://myaccount.blob.core.windows.net. Default none.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>What all names begin with; ends in a slash. Default none: the container is this installation's alone.</summary>
    public string? Prefix { get; init; }

    /// <summary>The storage account's name. Default the first label of the endpoint's host.</summary>
    public string? Account { get; init; }

    /// <summary>The storage account's key. Default none: a workload identity, a client secret in the environment, or a managed identity.</summary>
    [Secret]
    public string? AccountKey { get; init; }

    /// <summary>The client id of the identity to use, where there are several. Default AZURE_CLIENT_ID, or the only one.</summary>
    public string? ClientId { get; init; }
}

/// <summary>The blob store's drivers.</summary>
internal enum StorageKind
{
    /// <summary>Files in the data folder.</summary>
    FileSystem,

    /// <summary>Objects of an S3-compatible bucket.</summary>
    S3,

    /// <summary>Blobs of an Azure Blob container.</summary>
    AzureBlob,
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

    /// <summary>
    /// The most connections of this node to PostgreSQL: half for reads, half for changes; one more asks whether the server still answers. Default 32; a server of the default size, which takes 100, has room
    /// for three nodes, and one more during an update, at 20 each.
    /// </summary>
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
