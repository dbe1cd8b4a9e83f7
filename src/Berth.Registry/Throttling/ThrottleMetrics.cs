using System.Diagnostics.Metrics;

namespace Berth.Registry.Throttling;

/// <summary>Metrics of what is refused because it is too much, under the meter <c>Berth.Registry</c>.</summary>
public sealed class ThrottleMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _refused;
    private TokenBuckets? _buckets;

    /// <summary>Makes the instruments.</summary>
    public ThrottleMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _refused = _meter.CreateCounter<long>(
            "berth.limit.refused", "{request}",
            "Requests that were answered 429 because a limit a minute was reached, by class, registry (empty for the control plane) and whose limit it was (`caller` or `total`).");
        _meter.CreateObservableUpDownCounter("berth.limit.bucket", () => _buckets?.Count ?? 0, "{bucket}", "Callers and registries that asked for something lately that has a limit.");
    }

    internal TokenBuckets Watch(TokenBuckets buckets) => _buckets = buckets;

    internal void Refused(LimitClass limited, string registry, string scope) => _refused.Add(
        1, new KeyValuePair<string, object?>("class", limited.Name()), new KeyValuePair<string, object?>("registry", registry), new KeyValuePair<string, object?>("scope", scope));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
