using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>
/// Who may still write to the volume: free bytes, less what open writers said is to come, less a margin that the database's log grows in.
/// The reserve is no part of the free bytes while it is held.
/// </summary>
internal sealed class VolumeAdmission(IFileOperations files, string root)
{
    private const long LargestMargin = 16L << 20;

    private long _promised;

    /// <summary>Bytes that open writers were promised and have not written yet.</summary>
    public long Promised => Interlocked.Read(ref _promised);

    /// <summary>The part of a volume that pushes leave alone: 16 MiB, or a 64th of a small volume.</summary>
    public static long MarginOf(long total) => Math.Min(LargestMargin, total / 64);

    /// <summary>The size of the volume, and what a push may still take of it.</summary>
    public (long Total, long Free) Read()
    {
        var space = files.Space(root);
        return (space.Total, Math.Max(0, space.Free - Promised - MarginOf(space.Total)));
    }

    /// <summary>Promises bytes to a writer.</summary>
    /// <exception cref="StorageFullException">There is no room for them.</exception>
    public void Promise(long declared)
    {
        var space = files.Space(root);
        while (true)
        {
            // Added only once it fits: a promise that is refused a moment later would refuse others meanwhile, and two huge ones would overflow.
            var promised = Promised;
            var free = space.Free - promised - MarginOf(space.Total);
            if (declared > free) throw new StorageFullException($"The volume has no room for {declared} more bytes ({Math.Max(0, free)} may still be taken).");
            if (Interlocked.CompareExchange(ref _promised, promised + declared, promised) == promised) return;
        }
    }

    /// <summary>Takes back what was promised: it is written, or will not come.</summary>
    public void Settle(long bytes) => Interlocked.Add(ref _promised, -bytes);
}
