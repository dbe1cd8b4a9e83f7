namespace Berth.Storage.ObjectStore;

/// <summary>
/// How large parts are by their number. Services take 10,000 parts at most, each of 5 MiB at least but the last; parts start there, so that many uploads at once fit into
/// memory, and double every 2,000 parts: 300 GiB altogether.
/// </summary>
internal static class PartPlan
{
    /// <summary>What the memory of a small blob is a multiple of, and mostly takes: 64 KiB.</summary>
    public const int SmallBlob = 1 << 16;

    /// <summary>The size of the first parts, and the least that services take: 5 MiB.</summary>
    public const int Smallest = 5 << 20;

    /// <summary>The size of the last parts: 80 MiB.</summary>
    public const int Largest = Smallest << 4;

    /// <summary>The most parts of one object.</summary>
    public const int Most = 10_000;

    /// <summary>What all parts take together.</summary>
    public const long MostBytes = Step * (Smallest + (Smallest << 1) + (Smallest << 2) + (Smallest << 3) + (long)Largest);

    // A writer that was fenced off has fewer parts than this on the way or at hand that the service has not seen.
    private const int Gap = 8;
    private const int Step = 2_000;

    /// <summary>The first number of a writer that resumes an upload: one that no writer before it has used or may yet use.</summary>
    /// <param name="own">The last number of the parts that stand.</param>
    /// <param name="seen">The last number that the service knows of.</param>
    /// <param name="fenced">How many writers began where this one does, and were fenced off.</param>
    public static int FirstAfter(int own, int seen, long fenced) =>
        Math.Max(seen > own ? seen + Gap : own, own + (Gap * (int)Math.Clamp(fenced, 0, Most))) + 1;

    /// <summary>The size of a part by its number.</summary>
    /// <exception cref="StorageFullException">There is no such part.</exception>
    public static int SizeOf(int number) => number <= Most
        ? Smallest << Math.Min(4, (number - 1) / Step)
        : throw new StorageFullException("The upload has more parts than an object store takes (10,000): it is too large, or came in too many broken pieces.");
}
