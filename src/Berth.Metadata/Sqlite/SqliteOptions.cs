using Berth.Metadata.Relational;

namespace Berth.Metadata.Sqlite;

/// <summary>The settings of the SQLite provider.</summary>
public sealed record SqliteOptions
{
    /// <summary>The database file; its WAL and shared-memory file stand beside it. The folder must exist, on a local file system.</summary>
    public required string Path { get; init; }

    /// <summary>The reserve on the database's volume; null where none is kept.</summary>
    public IMetadataReserve? Reserve { get; init; }

    /// <summary>The engine's file layer, by the name it is registered under; null for the system's own. Tests bring one that fails on demand.</summary>
    internal string? FileLayer { get; init; }

    /// <summary>The most operations in one commit. A commit's sync costs far more than 256 small operations do.</summary>
    public int GroupOperations { get; init; } = 256;

    /// <summary>A group takes no more operations past this many bytes: two of the largest manifests.</summary>
    public long GroupBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>A group takes no more operations past this time, so that the first of it does not wait long for the last.</summary>
    public TimeSpan GroupTime { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The most operations that may wait; more are refused as unavailable.</summary>
    public int QueuedOperations { get; init; } = 4096;

    /// <summary>The most bytes that waiting operations may hold, which bounds memory: sixteen of the largest manifests.</summary>
    public long QueuedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>WAL pages that wait before a passive checkpoint moves them: 8 MiB, so that a page written often is moved once.</summary>
    public int CheckpointPages { get; init; } = 2048;

    /// <summary>How often the checkpointer looks at the WAL while there are writes.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Time without writes after which the WAL is emptied and idle readers are closed.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A WAL of this size is begun anew, for which the writer waits a moment.</summary>
    public long WalRestartBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>A WAL over this size slows every group by <see cref="WalSlowdown"/>.</summary>
    public long WalSlowBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long each group is held back while the WAL is over <see cref="WalSlowBytes"/>.</summary>
    public TimeSpan WalSlowdown { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A WAL over this size refuses pushes; deletions and garbage collection go on.</summary>
    public long WalLimitBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>How long a connection waits for a lock that another holds.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest that a read may hold its connection: while it does, the WAL cannot be begun anew. Far above what any page costs, and short enough
    /// that the WAL cannot grow by more than the writer's share of a second. Null for commands that run while nobody is served.
    /// </summary>
    public TimeSpan? ReadLimit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The writer's page cache.</summary>
    public long WriterCacheBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The page cache of each reader; the system's own cache is behind it.</summary>
    public long ReaderCacheBytes { get; init; } = 1024 * 1024;

    /// <summary>Readers that are kept open between reads.</summary>
    public int IdleReaders { get; init; } = Math.Clamp(Environment.ProcessorCount * 2, 4, 16);

    /// <summary>How long rows keep what is over.</summary>
    public RetentionOptions Retention { get; init; } = new();
}
