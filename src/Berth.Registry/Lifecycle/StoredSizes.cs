using System.Globalization;
using Berth.Storage;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// What a store was seen to hold, in memory: about 40 bytes for a location. A store that is asked over a network lists a thousand objects in the time in which it answers for one.
/// </summary>
public sealed class StoredSizes
{
    private readonly Dictionary<UInt128, long> _seen = [];

    private StoredSizes()
    {
    }

    /// <summary>Every location that was seen, in no order.</summary>
    public IEnumerable<string> Locations => _seen.Keys.Select(static key =>
    {
        var name = key.ToString("x32", CultureInfo.InvariantCulture);
        return $"{name.AsSpan(0, 2)}/{name}";
    });

    /// <summary>Lists a store.</summary>
    /// <exception cref="StorageUnavailableException">It does not answer.</exception>
    public static async Task<StoredSizes> ReadAsync(IBlobStore store, CancellationToken cancellationToken)
    {
        var sizes = new StoredSizes();
        await foreach (var stored in store.ListAsync(cancellationToken)) sizes._seen[KeyOf(stored.Location)] = stored.Size;
        return sizes;
    }

    /// <summary>Whether the location was seen with this size.</summary>
    public bool Holds(string location, long size) => _seen.TryGetValue(KeyOf(location), out var seen) && seen == size;

    // A folder, a slash, and a name of 32 hexadecimal digits that begins with the folder.
    private static UInt128 KeyOf(string location) => UInt128.Parse(location.AsSpan(3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
