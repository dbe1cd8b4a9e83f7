using System.Collections.Concurrent;

namespace Berth.Registry.Throttling;

/// <summary>Counts what was refused, so that the log has one line a minute for each class and registry, however many requests there were.</summary>
internal sealed class RefusalCounts(TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(LimitClass Class, long RegistryId), Tally> _tallies = new();

    /// <summary>Counts one; the result is how many there were since the last line, when it is time for another.</summary>
    public long? Add(LimitClass limited, long registryId)
    {
        var tally = _tallies.GetOrAdd((limited, registryId), static _ => new Tally());
        lock (tally)
        {
            tally.Count++;
            var now = time.GetTimestamp();
            if (tally.SaidAt is { } said && time.GetElapsedTime(said, now) < Between) return null;
            var count = tally.Count;
            (tally.Count, tally.SaidAt) = (0, now);
            return count;
        }
    }

    private sealed class Tally
    {
        public long Count { get; set; }

        public long? SaidAt { get; set; }
    }
}
