namespace Berth.Registry.Network;

/// <summary>A set of addresses, written as blocks: however many they are, an address is looked up in a handful of steps.</summary>
internal sealed class AddressSet
{
    private readonly UInt128[] _first4, _last4, _first6, _last6;

    /// <summary>The addresses of all the blocks; one that is given twice counts once.</summary>
    public AddressSet(IEnumerable<AddressBlock> blocks)
    {
        Blocks = [.. blocks.DistinctBy(block => (block.IsIPv6, block.First, block.Last))];
        (_first4, _last4) = Merge(Blocks.Where(block => !block.IsIPv6));
        (_first6, _last6) = Merge(Blocks.Where(block => block.IsIPv6));
    }

    /// <summary>No address.</summary>
    public static AddressSet None { get; } = new([]);

    /// <summary>The blocks, in the order they were given.</summary>
    public IReadOnlyList<AddressBlock> Blocks { get; }

    /// <summary>Whether one of the blocks holds all of the given one.</summary>
    public bool Contains(AddressBlock block)
    {
        var (first, last) = block.IsIPv6 ? (_first6, _last6) : (_first4, _last4);
        var at = Array.BinarySearch(first, block.First);

        // Where none begins with it, the one that begins before it is the only one that may hold it.
        if (at < 0) at = ~at - 1;
        return at >= 0 && block.Last <= last[at];
    }

    // Of two blocks one holds the other or they are apart, so that in the order of their first addresses the larger one comes first.
    private static (UInt128[] First, UInt128[] Last) Merge(IEnumerable<AddressBlock> blocks)
    {
        var first = new List<UInt128>();
        var last = new List<UInt128>();
        foreach (var block in blocks.OrderBy(block => block.First).ThenByDescending(block => block.Last))
        {
            if (last.Count > 0 && block.First <= last[^1]) continue;
            first.Add(block.First);
            last.Add(block.Last);
        }

        return ([.. first], [.. last]);
    }
}
