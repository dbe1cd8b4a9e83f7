namespace Berth.Server.Memory;

/// <summary>What connections may take of the memory that the process has: the machine's, or its container's, or the collector's limit.</summary>
internal static class MemoryBudget
{
    private const long MostLargeBlocks = 256L << 20;

    // A block of 16 KiB, the pipes and buffers around it, and a TLS session.
    private const long Connection = 64 << 10;

    private static long Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>How many large blocks of a size may be in use at once: an eighth of the memory, at most 256 MiB.</summary>
    public static int LargeBlocks(int blockSize) => (int)(Math.Min(Available / 8, MostLargeBlocks) / blockSize);

    /// <summary>How many connections may be open at once: as many as half the memory has room for.</summary>
    public static long Connections() => Math.Max(Available / 2 / Connection, 100);
}
