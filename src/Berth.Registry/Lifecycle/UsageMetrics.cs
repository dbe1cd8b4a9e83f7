using System.Diagnostics.Metrics;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// The metrics of usage and quotas, under the meter <c>Berth.Registry</c>. Of registries the first hundred have a series each: there may be any number of them.
/// </summary>
public sealed class UsageMetrics : IDisposable
{
    /// <summary>The most registries that have a series.</summary>
    public const int MostRegistries = 100;

    private readonly Meter _meter;
    private volatile Measurement<long>[] _bytes = [];
    private long _refusedByRegistry;
    private long _refusedByRepository;
    private long _passed;

    /// <summary>Makes the instruments.</summary>
    public UsageMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _meter.CreateObservableGauge("berth.usage.size", () => _bytes, "By", "Bytes that a registry holds, of the first 100 registries, as of the last minute.");
        _meter.CreateObservableCounter(
            "berth.quota.refused", () => new[] { OfScope("registry", ref _refusedByRegistry), OfScope("repository", ref _refusedByRepository) }, "{request}",
            "Requests that a quota had no room for, by whose quota it was.");
        _meter.CreateObservableCounter("berth.quota.soft_limit.passed", () => Volatile.Read(ref _passed), "{limit}", "Times that a soft limit was passed.");
    }

    internal void Refused(bool ofRepository) => Interlocked.Increment(ref (ofRepository ? ref _refusedByRepository : ref _refusedByRegistry));

    internal void SoftLimitPassed() => Interlocked.Increment(ref _passed);

    internal void SetBytes(IEnumerable<(string Registry, long Bytes)> registries) =>
        _bytes = [.. registries.Take(MostRegistries).Select(one => new Measurement<long>(one.Bytes, new KeyValuePair<string, object?>("registry", one.Registry)))];

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long> OfScope(string scope, ref long count) => new(Volatile.Read(ref count), new KeyValuePair<string, object?>("scope", scope));
}
