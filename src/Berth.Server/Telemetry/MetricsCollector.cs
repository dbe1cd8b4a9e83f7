using System.Diagnostics.Metrics;
using System.Text;

namespace Berth.Server.Telemetry;

/// <summary>
/// Listens to the process's instruments and writes what they measured in Prometheus' text format. OpenTelemetry's SDK could do the same for 10 MiB of
/// memory more (docs/decisions/0015-prometheus-without-sdk.md); it is loaded only to send to a collector.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _scraping = new(1);
    private long _scrape;

    /// <summary>Starts to listen to the instruments of these meters.</summary>
    public MetricsCollector(IEnumerable<string> meters)
    {
        var names = meters.ToHashSet(StringComparer.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (names.Contains(instrument.Meter.Name))
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
        };
        Take<byte>(static v => v);
        Take<short>(static v => v);
        Take<int>(static v => v);
        Take<long>(static v => v);
        Take<float>(static v => v);
        Take<double>(static v => v);
        Take<decimal>(static v => (double)v);
        _listener.Start();
    }

    /// <summary>Asks the instruments that want to be asked, and writes everything.</summary>
    public async Task<string> ScrapeAsync(CancellationToken cancellationToken)
    {
        await _scraping.WaitAsync(cancellationToken);
        try
        {
            Interlocked.Increment(ref _scrape);
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // An instrument that cannot answer now (a volume that does not say how much room it has) is left out; all others were asked.
            }

            MetricFamily[] families;
            lock (_families)
                families = [.. _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal)];
            var text = new StringBuilder(16 * 1024);
            text.Append("# TYPE target_info gauge\n# HELP target_info What is measured.\n");
            text.Append($"target_info{{service_name=\"berth\",service_version=\"{BerthVersion.Text}\"}} 1\n");
            foreach (var family in families)
                Write(text, family);
            return text.ToString();
        }
        finally
        {
            _scraping.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _scraping.Dispose();
    }

    private MetricFamily FamilyOf(Instrument instrument)
    {
        var family = new MetricFamily(instrument);
        lock (_families)
        {
            // Two instruments of one name and kind are one family; of another kind, the second would make the text invalid.
            if (_families.TryGetValue(family.Name, out var known))
                return known.Kind == family.Kind ? known : family;
            _families.Add(family.Name, family);
            return family;
        }
    }

    private void Take<T>(Func<T, double> number) where T : struct =>
        _listener.SetMeasurementEventCallback<T>((_, value, tags, state) => ((MetricFamily)state!).Record(number(value), tags, Volatile.Read(ref _scrape)));

    private void Write(StringBuilder text, MetricFamily family)
    {
        var begun = false;
        foreach (var series in family.Series)
        {
            // An instrument that is asked and said nothing this time has nothing to say.
            if (family.IsAsked && series.SeenAt != _scrape)
                continue;
            if (!begun)
                text.Append($"# TYPE {family.Name} {family.Kind.ToString().ToLowerInvariant()}\n# HELP {family.Name} {PrometheusNames.Escape(family.Description)}\n");
            begun = true;
            if (family.Boundaries is { } boundaries)
                WriteHistogram(text, family.Name, series, boundaries);
            else
                WriteSample(text, family.Name, series.Labels, PrometheusNames.Number(series.Value));
        }
    }

    private static void WriteHistogram(StringBuilder text, string name, MetricSeries series, double[] boundaries)
    {
        var (buckets, sum) = series.ReadHistogram();
        var separator = series.Labels.Length == 0 ? "" : ",";
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            var bound = i < boundaries.Length ? boundaries[i] : double.PositiveInfinity;
            WriteSample(text, name + "_bucket", $"{series.Labels}{separator}le=\"{PrometheusNames.Number(bound)}\"", PrometheusNames.Number(count));
        }

        WriteSample(text, name + "_sum", series.Labels, PrometheusNames.Number(sum));
        WriteSample(text, name + "_count", series.Labels, PrometheusNames.Number(count));
    }

    private static void WriteSample(StringBuilder text, string name, string labels, string value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value).Append('\n');
    }
}
