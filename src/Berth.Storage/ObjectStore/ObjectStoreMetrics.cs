using System.Diagnostics.Metrics;

namespace Berth.Storage.ObjectStore;

/// <summary>The metrics of blob stores that are services.</summary>
public static class ObjectStoreMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Berth.Storage";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly Histogram<double> RequestDuration = Meter.CreateHistogram<double>(
        "berth.storage.request.duration", "s", "Time that an attempt at a call of the object store took, by operation and outcome.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100] });

    internal static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "berth.storage.request.retries", "{request}", "Calls of the object store that were made again, by operation.");

    internal static readonly UpDownCounter<long> BufferBytes = Meter.CreateUpDownCounter<long>(
        "berth.storage.buffer.size", "By", "Memory that uploads to the object store hold for parts that are being filled or sent.");
}
