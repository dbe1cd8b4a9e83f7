using System.Diagnostics.Metrics;

namespace Berth.Server.Telemetry;

/// <summary>
/// Listens to the process's instruments and writes what they measured in Prometheus' text format, or OpenMetrics'. OpenTelemetry's SDK could do the same for 10 MiB of
/// memory more (docs/decisions/0015-prometheus-without-sdk.md); it is loaded only to send to a collector.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _scraping = new(1);
    private readonly TimeProvider _time;
    private long _scrape;

    /// <summary>Starts to listen to the instruments of these meters.</summary>
    public MetricsCollector(IEnumerable<string> meters, TimeProvider time)
    {
        _time = time;
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
    public async Task<string> ScrapeAsync(MetricsFormat format, CancellationToken cancellationToken)
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
            var text = new MetricsText(format);
            text.WriteTarget(BerthVersion.Text);
            foreach (var family in families)
            {
                // An instrument that is asked and said nothing this time has nothing to say.
                text.Write(family, family.IsAsked ? family.Series.Where(series => series.SeenAt == _scrape) : family.Series);
            }

            return text.End();
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
        var family = new MetricFamily(instrument, _time);
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
}
