using System.Diagnostics;

namespace Berth.Server.Telemetry;

/// <summary>What is known of one instrument with one set of tags.</summary>
/// <param name="labels">The tags as Prometheus writes them, without braces.</param>
/// <param name="boundaries">The upper bounds of a histogram's buckets; null for anything else.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricSeries(string labels, double[]? boundaries, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = new long[boundaries is null ? 0 : boundaries.Length + 1];
    private Exemplar?[]? _exemplars;
    private double _value;

    /// <summary>The labels.</summary>
    public string Labels => labels;

    /// <summary>The number of the scrape that last saw a value; for instruments that are asked.</summary>
    public long SeenAt { get; private set; }

    /// <summary>The value, or a histogram's sum.</summary>
    public double Value
    {
        get
        {
            lock (_lock)
                return _value;
        }
    }

    /// <summary>Adds to the value.</summary>
    public void Add(double value)
    {
        lock (_lock)
            _value += value;
    }

    /// <summary>Replaces the value.</summary>
    public void Set(double value, long scrape)
    {
        lock (_lock)
            (_value, SeenAt) = (value, scrape);
    }

    /// <summary>Counts a value in its bucket.</summary>
    public void Observe(double value)
    {
        // A bucket holds what is at most its bound.
        var found = Array.BinarySearch(boundaries!, value);
        var bucket = found < 0 ? ~found : found;

        // Where nothing is traced there is no span.
        Exemplar? exemplar = Activity.Current is { Recorded: true } span ? new Exemplar(value, span.TraceId, span.SpanId, time.GetUtcNow()) : null;
        lock (_lock)
        {
            _value += value;
            _buckets[bucket]++;
            if (exemplar is not null) (_exemplars ??= new Exemplar?[_buckets.Length])[bucket] = exemplar;
        }
    }

    /// <summary>The counts of all buckets, the sum of the values and the last value of each bucket that was measured in a trace, at one moment.</summary>
    public (long[] Buckets, double Sum, Exemplar?[]? Exemplars) ReadHistogram()
    {
        lock (_lock)
            return ([.. _buckets], _value, _exemplars is null ? null : [.. _exemplars]);
    }
}
