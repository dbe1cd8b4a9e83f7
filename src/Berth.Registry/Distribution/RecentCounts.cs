using System.Runtime.InteropServices;
using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>
/// Which repositories something happened to most, in the last five to ten minutes. Bounded, however many there are: what comes often is counted, what comes
/// seldom may be missed (Misra and Gries, Finding repeated elements, 1982).
/// </summary>
internal sealed class RecentCounts(TimeProvider time)
{
    /// <summary>The most repositories that are told of.</summary>
    public const int MostShown = 20;

    /// <summary>The most repositories that are counted at once.</summary>
    public const int MostCounted = 1_000;

    /// <summary>How long counts gather before the ones before them are forgotten.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private Dictionary<Name, long> _now = [];
    private Dictionary<Name, long> _before = [];
    private long _since = time.GetTimestamp();

    /// <summary>Counts one.</summary>
    public void Add(string registry, RepositoryName repository)
    {
        var name = new Name(registry, repository);
        lock (_lock)
        {
            Turn();
            if (_now.Count >= MostCounted && !_now.ContainsKey(name))
            {
                Thin();
                return;
            }

            CollectionsMarshal.GetValueRefOrAddDefault(_now, name, out _)++;
        }
    }

    /// <summary>Those with the most, the first one first.</summary>
    public IReadOnlyList<(string Registry, RepositoryName Repository, long Count)> Top()
    {
        lock (_lock)
        {
            Turn();
            var sums = new Dictionary<Name, long>(_before);
            foreach (var (name, count) in _now) CollectionsMarshal.GetValueRefOrAddDefault(sums, name, out _) += count;
            return [.. sums.OrderByDescending(one => one.Value).Take(MostShown).Select(one => (one.Key.Registry, one.Key.Repository, one.Value))];
        }
    }

    private void Turn()
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed < Window) return;
        _before = elapsed < 2 * Window ? _now : [];
        _now = [];
        _since = time.GetTimestamp();
    }

    private void Thin()
    {
        foreach (var name in _now.Keys.ToArray())
        {
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_now, name, out _) <= 0) _now.Remove(name);
        }
    }

    private readonly record struct Name(string Registry, RepositoryName Repository);
}
