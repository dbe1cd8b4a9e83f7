using System.Diagnostics.Metrics;

namespace Berth.Metadata;

/// <summary>The metrics of the metadata store.</summary>
public static class MetadataMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Berth.Metadata";

    private static readonly Meter Meter = new(MeterName);
    private static long _connectionFailures;

    internal static readonly Histogram<int> GroupSize = Meter.CreateHistogram<int>(
        "berth.metadata.group.size", "{operation}", "Operations that shared one commit.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });

    internal static readonly Histogram<double> CommitDuration = Meter.CreateHistogram<double>(
        "berth.metadata.commit.duration", "s", "Time that a commit took, until it was durable.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] });

    internal static readonly UpDownCounter<long> QueueLength = Meter.CreateUpDownCounter<long>(
        "berth.metadata.queue.length", "{operation}", "Operations that wait for the writer.");

    internal static readonly Gauge<long> WalBytes = Meter.CreateGauge<long>(
        "berth.metadata.wal.size", "By", "Bytes of the write-ahead log in use.");

    internal static readonly UpDownCounter<long> PoolInUse = Meter.CreateUpDownCounter<long>(
        "berth.metadata.pool.used", "{connection}", "Connections to the metadata database that run an operation.");

    internal static readonly UpDownCounter<long> PoolWaiting = Meter.CreateUpDownCounter<long>(
        "berth.metadata.pool.waiting", "{operation}", "Operations that wait for a connection to the metadata database.");

    internal static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "berth.metadata.retries", "{operation}", "Operations that were run again, by the reason.");

    // There from the start, as 0: the first failure is an increase for whoever watches, too.
    internal static readonly ObservableCounter<long> ConnectionFailures = Meter.CreateObservableCounter(
        "berth.metadata.connection.failures", static () => Volatile.Read(ref _connectionFailures), "{connection}",
        "Connections to the metadata database that could not be made, and times that it was asked in vain whether it answers.");

    internal static readonly Counter<long> RoundTrips = Meter.CreateCounter<long>(
        "berth.metadata.round_trips", "{message}", "Messages to the metadata database whose answer was waited for.");

    internal static void ConnectionFailed() => Interlocked.Increment(ref _connectionFailures);
}
