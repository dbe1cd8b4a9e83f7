namespace Berth.Storage.FileSystem;

/// <summary>Settings of the file system driver.</summary>
public sealed record FileSystemOptions
{
    /// <summary>256 MiB, four times the write-ahead log at which pushes are slowed.</summary>
    public const long DefaultReserveBytes = 256L << 20;

    /// <summary>The folder that holds the store: <c>identity</c>, <c>reserve</c> and <c>blobs/</c>. It is made when it is not there.</summary>
    public required string Root { get; init; }

    /// <summary>
    /// Bytes set aside on the volume, given free when it is full so that deletions and garbage collection go on; at most an eighth of
    /// the volume. 0 sets nothing aside. Default: <see cref="DefaultReserveBytes"/>.
    /// </summary>
    public long ReserveBytes { get; init; } = DefaultReserveBytes;

    /// <summary>When appends go past the page cache; null for the default. Tests bring one with small sizes.</summary>
    internal DirectIo? Direct { get; init; }
}
