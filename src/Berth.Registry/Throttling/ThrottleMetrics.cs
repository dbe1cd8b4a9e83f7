using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Berth.Registry.Throttling;

/// <summary>Metrics of what is refused because it is too much, under the meter <c>Berth.Registry</c>.</summary>
public sealed class ThrottleMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _kept;
    private readonly ConcurrentDictionary<string, FairPlaces> _places = new(StringComparer.Ordinal);
    private TokenBuckets? _buckets;

    /// <summary>Makes the instruments.</summary>
    public ThrottleMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _refused = _meter.CreateCounter<long>(
            "berth.limit.refused", "{request}",
            "Requests that were answered 429 because a limit a minute was reached, by class, registry (empty for the control plane) and whose limit it was (`caller` or `total`).");
        _kept = _meter.CreateCounter<long>(
            "berth.admission.refused", "{request}",
            "Requests that were refused because their turn did not come in time, by registry and by what they waited for (`read`, `write`, or a place for an `upload`'s bytes).");
        _meter.CreateObservableUpDownCounter(
            "berth.admission.waiting", () => _places.Select(kind => Of(kind.Key, kind.Value.Waiting)), "{request}", "Requests that wait for their turn, by what they wait for.");
        _meter.CreateObservableUpDownCounter(
            "berth.admission.active", () => _places.Select(kind => Of(kind.Key, kind.Value.Taken)), "{request}", "Requests that have their turn, by kind.");
        _meter.CreateObservableUpDownCounter("berth.limit.bucket", () => _buckets?.Count ?? 0, "{bucket}", "Callers and registries that asked for something lately that has a limit.");
    }

    internal TokenBuckets Watch(TokenBuckets buckets) => _buckets = buckets;

    internal FairPlaces Watch(string kind, FairPlaces places) => _places[kind] = places;

    internal void Kept(string kind, string registry) =>
        _kept.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("registry", registry));

    internal void Refused(LimitClass limited, string registry, string scope) => _refused.Add(
        1, new KeyValuePair<string, object?>("class", limited.Name()), new KeyValuePair<string, object?>("registry", registry), new KeyValuePair<string, object?>("scope", scope));

    private static Measurement<int> Of(string kind, int value) => new(value, new KeyValuePair<string, object?>("kind", kind));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
