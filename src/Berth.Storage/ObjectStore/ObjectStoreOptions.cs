namespace Berth.Storage.ObjectStore;

/// <summary>Settings of every blob store that is a service.</summary>
public sealed record ObjectStoreOptions
{
    /// <summary>
    /// Memory for the parts of all uploads together; 80 MiB at the least, the largest part. Default 320 MiB: 64 uploads at once have a part each.
    /// </summary>
    public long BufferBytes { get; init; } = 320L << 20;

    /// <summary>How long the service may be silent within a call or a body that is read, before it counts as broken off.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}
