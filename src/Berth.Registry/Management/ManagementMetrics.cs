using System.Diagnostics.Metrics;
using Berth.Registry.Distribution;

namespace Berth.Registry.Management;

/// <summary>The control plane's metrics, under the meter <c>Berth.Registry</c>.</summary>
public sealed class ManagementMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    /// <summary>Makes the instruments.</summary>
    public ManagementMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(DistributionMetrics.MeterName);
        _duration = _meter.CreateHistogram<double>(
            "berth.management.request.duration", "s", "Time from a request's arrival at the control plane to the end of its answer, by route and status.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });
    }

    internal void RequestAnswered(string route, int status, TimeSpan duration) => _duration.Record(
        duration.TotalSeconds, new KeyValuePair<string, object?>("route", route), new KeyValuePair<string, object?>("http.response.status_code", status));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
