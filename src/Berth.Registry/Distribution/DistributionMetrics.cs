using System.Diagnostics.Metrics;

namespace Berth.Registry.Distribution;

/// <summary>The data plane's metrics, under the meter <c>Berth.Registry</c>.</summary>
public sealed class DistributionMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Berth.Registry";

    private readonly Traffic _traffic;
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private long _received;
    private long _sent;
    private long _transfers;

    /// <summary>Makes the instruments.</summary>
    public DistributionMetrics(IMeterFactory factory, Traffic traffic)
    {
        _traffic = traffic;
        _meter = factory.Create(MeterName);
        _duration = _meter.CreateHistogram<double>(
            "berth.distribution.request.duration", "s", "Time from a request's arrival at the data plane to the end of its answer, by route, method and status.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300] });
        _meter.CreateObservableCounter("berth.blob.received", () => Volatile.Read(ref _received), "By", "Bytes of blobs received from clients.");
        _meter.CreateObservableCounter("berth.blob.sent", () => Volatile.Read(ref _sent), "By", "Bytes of blobs sent to clients.");
        _meter.CreateObservableUpDownCounter("berth.upload.active", () => Volatile.Read(ref _transfers), "{upload}", "Requests that are sending bytes to upload sessions now.");
    }

    internal void RequestAnswered(string route, string method, int status, TimeSpan duration)
    {
        _traffic.Answered(status);
        _duration.Record(
            duration.TotalSeconds,
            new KeyValuePair<string, object?>("route", route),
            new KeyValuePair<string, object?>("http.request.method", RequestRoute.MethodOf(method)),
            new KeyValuePair<string, object?>("http.response.status_code", status));
    }

    internal void Received(long bytes, bool areKept)
    {
        Interlocked.Add(ref _received, bytes);
        if (areKept) _traffic.Moved(bytes);
    }

    internal void Sent(long bytes)
    {
        Interlocked.Add(ref _sent, bytes);
        _traffic.Moved(bytes);
    }

    internal void TransferStarted() => Interlocked.Increment(ref _transfers);

    internal void TransferEnded() => Interlocked.Decrement(ref _transfers);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
