namespace Berth.Storage.ObjectStore;

/// <summary>Settings of every blob store that is a service.</summary>
public sealed record ObjectStoreOptions
{
    /// <summary>
    /// Memory for the parts of all uploads together; 80 MiB at the least, the largest part. Default 320 MiB: 64 uploads at once have a part each.
    /// </summary>
    public long BufferBytes { get; init; } = 320L << 20;
}
