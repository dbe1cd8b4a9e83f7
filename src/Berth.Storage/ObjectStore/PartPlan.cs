namespace Berth.Storage.ObjectStore;

/// <summary>
/// How large parts are by their number. Services take 10,000 parts at most, each of 5 MiB at least but the last; parts start there, so that many uploads at once fit into
/// memory, and double every 2,000 parts: 300 GiB altogether.
/// </summary>
internal static class PartPlan
{
    /// <summary>The size of the first parts, and the least that services take: 5 MiB.</summary>
    public const int Smallest = 5 << 20;

    /// <summary>The size of the last parts: 80 MiB.</summary>
    public const int Largest = Smallest << 4;

    /// <summary>The most parts of one object.</summary>
    public const int Most = 10_000;

    /// <summary>
    /// How many numbers are left out behind the last that anybody used, when an upload is resumed: a writer that was fenced off has at most so many parts on the way
    /// that the service has not seen.
    /// </summary>
    public const int Gap = 8;

    private const int Step = 2_000;

    /// <summary>The size of a part by its number.</summary>
    /// <exception cref="StorageFullException">There is no such part.</exception>
    public static int SizeOf(int number) => number <= Most
        ? Smallest << Math.Min(4, (number - 1) / Step)
        : throw new StorageFullException("The upload has more parts than an object store takes (10,000): it is too large, or came in too many broken pieces.");
}
