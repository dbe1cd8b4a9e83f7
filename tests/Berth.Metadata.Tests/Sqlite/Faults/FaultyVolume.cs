namespace Berth.Metadata.Tests.Sqlite.Faults;

/// <summary>
/// What happens to a folder's files under the <see cref="FaultLayer"/>: writes can run out of room, reads and syncs can fail, and all
/// but the reads is remembered in order, so that what a loss of power may leave can be built from it.
/// </summary>
internal sealed class FaultyVolume
{
    private const int Full = 13;

    private readonly Lock _gate = new();
    private readonly List<FileEvent> _events = [];
    private long _writesLeft = long.MaxValue;
    private bool _readFails;
    private bool _syncFails;

    /// <summary>From now on only this many writes succeed; the rest find the volume full.</summary>
    public void RunFullAfter(long writes) => Interlocked.Exchange(ref _writesLeft, writes);

    public void MakeRoom() => RunFullAfter(long.MaxValue);

    /// <summary>A clock of another record, such as that of the blobs' files: what it says is noted with each event. Called one at a time.</summary>
    public Func<int> Elsewhere { get; init; } = static () => 0;

    /// <summary>Every sync fails from now on.</summary>
    public void FailSyncs() => Volatile.Write(ref _syncFails, true);

    public void MendSyncs() => Volatile.Write(ref _syncFails, false);

    /// <summary>Every read fails from now on.</summary>
    public void FailReads() => Volatile.Write(ref _readFails, true);

    public void MendReads() => Volatile.Write(ref _readFails, false);

    public bool IsReadable => !Volatile.Read(ref _readFails);

    /// <summary>What happened so far, in order.</summary>
    public IReadOnlyList<FileEvent> Events
    {
        get
        {
            lock (_gate) return [.. _events];
        }
    }

    /// <summary>How many things happened so far.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _events.Count;
        }
    }

    public int Writing(string file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Interlocked.Decrement(ref _writesLeft) < 0) return Full;
        Remember(new FileEvent(FileEventKind.Write, file, offset, bytes.ToArray()));
        return 0;
    }

    public void Truncating(string file, long size) => Remember(new FileEvent(FileEventKind.Truncate, file, size, []));

    public bool Syncing(string file) => !Volatile.Read(ref _syncFails);

    public void Synced(string file) => Remember(new FileEvent(FileEventKind.Sync, file, 0, []));

    public void Deleted(string file) => Remember(new FileEvent(FileEventKind.Delete, file, 0, []));

    private void Remember(FileEvent happened)
    {
        lock (_gate) _events.Add(happened with { Elsewhere = Elsewhere() });
    }
}

/// <summary>What was done to a file.</summary>
internal enum FileEventKind
{
    Write,
    Truncate,
    Sync,
    Delete,
}

/// <summary>One thing done to one file.</summary>
/// <param name="Kind">What.</param>
/// <param name="File">The file's name.</param>
/// <param name="Offset">The offset of a write, the new size of a truncation.</param>
/// <param name="Bytes">The bytes of a write.</param>
internal sealed record FileEvent(FileEventKind Kind, string File, long Offset, byte[] Bytes)
{
    /// <summary>What <see cref="FaultyVolume.Elsewhere"/> said then.</summary>
    public int Elsewhere { get; init; }
}
