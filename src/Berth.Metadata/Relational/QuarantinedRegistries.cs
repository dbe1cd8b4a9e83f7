using System.Collections.Concurrent;

namespace Berth.Metadata.Relational;

/// <summary>
/// Registries of which something was said to be set apart, be it over or passed by now. Pulls from others ask only whether that is still so: what finds out why something is set apart names so many tables that PostgreSQL
/// takes longer to begin it than to answer all else, also where nothing of it is run.
/// </summary>
internal sealed class QuarantinedRegistries
{
    private readonly ConcurrentDictionary<long, bool> _ids = new();

    public bool Has(long registryId) => _ids.ContainsKey(registryId);

    public void Add(long registryId) => _ids.TryAdd(registryId, true);
}
