using Berth.Server.Configuration;

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

    /// <summary>How many connections may be open at once: as many as half the memory has room for, where nothing else is set.</summary>
    public static long Connections(MemoryOptions options) => options.MaxConnections > 0 ? options.MaxConnections : Math.Max(Available / 2 / Connection, 100);

    /// <summary>How many bytes of a body are received ahead: room for a few blocks keeps the network and the hash going. Kestrel's default is 1 MiB.</summary>
    public static int ReceivedAhead(int blockSize) => Math.Max(1 << 20, 4 * blockSize);

    /// <summary>How many uploads may be received at once: as many as a quarter of the memory has room for.</summary>
    public static int Uploads(int blockSize) => (int)Math.Clamp(Available / 4 / ReceivedAhead(blockSize), 16, 100_000);
}
