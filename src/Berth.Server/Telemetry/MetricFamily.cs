using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Berth.Server.Telemetry;

/// <summary>The kinds of metrics that Prometheus knows.</summary>
internal enum MetricKind
{
    /// <summary>A sum that only grows.</summary>
    Counter,

    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>Counts of values by size.</summary>
    Histogram,
}

/// <summary>One instrument (or several of one name) with its series by tags. Bounded: tags beyond the limit share one series.</summary>
internal sealed class MetricFamily
{
    /// <summary>The most series of one family; a client that finds a way to make up tags must not fill the memory.</summary>
    public const int MaxSeries = 1000;

    private const string OverflowLabels = "otel_metric_overflow=\"true\"";

    // OpenTelemetry's default, for histograms that come without advice.
    private static readonly double[] DefaultBoundaries = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly ConcurrentDictionary<TagSet, MetricSeries> _byTags = new(TagSetComparer.Instance);
    private readonly ConcurrentDictionary<TagSet, MetricSeries>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly ConcurrentDictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly bool _absolute;

    /// <summary>A family for an instrument.</summary>
    public MetricFamily(Instrument instrument, TimeProvider time)
    {
        _time = time;
        var type = instrument.GetType().GetGenericTypeDefinition();
        Kind = type == typeof(Histogram<>) ? MetricKind.Histogram
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;
        IsAsked = instrument.IsObservable;
        _absolute = IsAsked || type == typeof(Gauge<>);
        Name = PrometheusNames.Metric(instrument.Name, instrument.Unit, Kind);
        Description = instrument.Description ?? "";
        Boundaries = Kind == MetricKind.Histogram ? BoundariesOf(instrument) : null;
        _lookup = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    /// <summary>The name as Prometheus writes it.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string Description { get; }

    /// <summary>Its kind.</summary>
    public MetricKind Kind { get; }

    /// <summary>Whether it is asked at each scrape, and not told as things happen.</summary>
    public bool IsAsked { get; }

    /// <summary>The upper bounds of a histogram's buckets.</summary>
    public double[]? Boundaries { get; }

    /// <summary>The series there are, in the order of their labels.</summary>
    public IEnumerable<MetricSeries> Series => _byLabels.Values.OrderBy(s => s.Labels, StringComparer.Ordinal);

    /// <summary>Takes one measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, long scrape)
    {
        if (!_lookup.TryGetValue(tags, out var series))
            series = Add(tags);
        if (Kind == MetricKind.Histogram)
            series.Observe(value);
        else if (_absolute)
            series.Set(value, scrape);
        else
            series.Add(value);
    }

    // The same tags in another order are the same series.
    private MetricSeries Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_byTags.Count >= MaxSeries)
            return _byLabels.GetOrAdd(OverflowLabels, l => new MetricSeries(l, Boundaries, _time));
        var series = _byLabels.GetOrAdd(PrometheusNames.Labels(tags), l => new MetricSeries(l, Boundaries, _time));
        _lookup.TryAdd(tags, series);
        return series;
    }

    private static double[] BoundariesOf(Instrument instrument) => instrument switch
    {
        Instrument<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } boundaries } => [.. boundaries],
        Instrument<long> { Advice.HistogramBucketBoundaries: { Count: > 0 } boundaries } => [.. boundaries.Select(b => (double)b)],
        Instrument<int> { Advice.HistogramBucketBoundaries: { Count: > 0 } boundaries } => [.. boundaries.Select(b => (double)b)],
        _ => DefaultBoundaries,
    };
}
