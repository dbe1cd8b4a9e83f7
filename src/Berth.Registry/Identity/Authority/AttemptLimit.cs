using System.Net;
using Berth.Registry.Network;

namespace Berth.Registry.Identity.Authority;

/// <summary>How often one network address may try something within a span of time; kept in this process, and bounded.</summary>
internal sealed class AttemptLimit(int attempts, TimeSpan span, TimeProvider time)
{
    private const int MaxSources = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (int Taken, long Since)> _sources = [];

    /// <summary>The span of time.</summary>
    public TimeSpan Span => span;

    /// <summary>Takes an attempt; false when the address has none left.</summary>
    public bool TryTake(IPAddress? address)
    {
        var source = SourceAddress.Of(address);
        lock (_lock)
        {
            if (!_sources.TryGetValue(source, out var entry) || IsOver(entry.Since)) entry = (0, time.GetTimestamp());
            if (entry.Taken >= attempts || !HasRoomFor(source)) return false;
            _sources[source] = (entry.Taken + 1, entry.Since);
            return true;
        }
    }

    /// <summary>Gives an attempt back: it was a good one.</summary>
    public void GiveBack(IPAddress? address)
    {
        var source = SourceAddress.Of(address);
        lock (_lock)
        {
            if (!_sources.TryGetValue(source, out var entry)) return;
            if (entry.Taken > 1) _sources[source] = (entry.Taken - 1, entry.Since);
            else _sources.Remove(source);
        }
    }

    private bool IsOver(long since) => time.GetElapsedTime(since) >= span;

    private bool HasRoomFor(IPAddress source)
    {
        if (_sources.Count < MaxSources || _sources.ContainsKey(source)) return true;
        foreach (var (known, entry) in _sources)
        {
            if (IsOver(entry.Since)) _sources.Remove(known);
        }

        // Many senders must not shut out all others: the one that came longest ago begins anew.
        if (_sources.Count >= MaxSources) _sources.Remove(_sources.MinBy(known => known.Value.Since).Key);
        return true;
    }
}
